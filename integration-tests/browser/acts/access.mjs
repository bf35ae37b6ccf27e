// How clients come in, and what stands in their way.

import assert from "node:assert/strict";
import { NEW_PASSWORD, SHORT_PASSWORD, VALUE } from "../cast.mjs";
import * as deeds from "../deeds.mjs";
import { Person, ask, clock, eventually, link, mails, origin, tally } from "../lib.mjs";

export async function invitation(stage, story) {
  const { alder, ruth, dana, maya } = story;
  const rights = ["See money", "Approve", "Pay", "Write to you"];

  await stage.step("a slip in the second address is told, and nothing typed is lost", async () => {
    await deeds.giveAccess(ruth, story.record, {
      ...maya,
      again: maya.email.replace("maya", "mya"),
      rights,
      frequency: "Once a week",
    });
    await ruth.isRefused("The two addresses differ: enter the same one twice");
    assert.equal(await ruth.field("Email").inputValue(), maya.email);
    assert.equal(await ruth.field("Email again").inputValue(), maya.email.replace("maya", "mya"));
    assert.ok(await ruth.control("radio", "Once a week").isChecked());
    assert.ok(await ruth.control("checkbox", "See money").isChecked());
  });

  await stage.step("the invitation goes out, and the record says who enabled it and when", async () => {
    await ruth.fill({ "Email again": maya.email });
    await ruth.press("Send the invitation");
    await ruth.part(maya.name).sees("Invited", `by ${ruth.name}`, "see money, approve, pay, write");
    story.invitation = await mails.next(maya.email, alder.name);
    for (const part of [alder.name, alder.welcome, "In the portal you can", alder.phone, alder.email, alder.address]) {
      assert.ok(story.invitation.text.includes(part), `the mail says “${part}”: ${story.invitation.text}`);
    }
    await eventually("the mail's steps reach the record", async () => {
      await ruth.open(story.record);
      return (await ruth.words()).includes("Accepted by the mail server");
    });
    await ruth.part(maya.name).sees("not accepted yet. The link works until");
  });

  await stage.step("a mail scanner opens the link ten times and spoils nothing", async () => {
    const address = link(story.invitation, "/invite/");
    for (let look = 0; look < 10; look += 1) {
      const { status } = await ask(look % 2 ? "HEAD" : "GET", address);
      assert.equal(status, 200);
      tally.looks += 1;
    }
  });

  await stage.step("a short password is refused, and nothing else is lost", async () => {
    await maya.open(link(story.invitation, "/invite/"));
    await maya.sees("Welcome, Maya", alder.welcome, `${ruth.name} invites you`);
    assert.equal(
      await maya.field("Your time zone").inputValue(),
      "America/Los_Angeles",
      "the zone of the browser, or of the organization",
    );
    assert.ok(await maya.control("radio", "Once a week").isChecked(), "the office's choice is the preset");
    await maya.fill({ "Choose a password": SHORT_PASSWORD });
    await maya.choose({ "Your time zone": "Mountain time (Denver)" });
    await maya.pick("How often should we mail you?", "Right away");
    await maya.press("Create my account");
    await maya.isRefused("Use 12 characters or more");
    assert.equal(await maya.field("Your time zone").inputValue(), "America/Denver");
    assert.ok(await maya.control("radio", "Right away").isChecked());
  });

  await stage.step("the client accepts and lands on Home, with her project", async () => {
    await deeds.accept(maya, story.invitation, { zone: "Pacific time (Los Angeles)", frequency: "Right away" });
    await maya.sees("Maya", "Kitchen remodel", "Planning and permits", "Phase 1 of 8", "Planned finish");
    await maya.sees("Next milestone", "Permits approved", "Contract value", `$${VALUE}`, "0%");
    story.portal = story.project.replace("/office/projects/", "/p/");
    await maya.open(story.portal);
    assert.equal(maya.path, `${story.portal}/progress`);
    await maya.sees("Planning and permits", "Fixtures and final walk-through", "Coming up", dana.name);
    await maya.follow("Financials");
    await maya.sees(`$${VALUE}`);
  });

  await stage.step("the link is used up, and says so", async () => {
    assert.equal(await maya.open(link(story.invitation, "/invite/")), 410);
    await maya.sees("This invitation was used");
    await ruth.open(story.record);
    await ruth.part(maya.name).sees("Active, last visit today");
  });
}

export async function passwords(stage, story) {
  const { maya } = story;

  await stage.step("she forgot her password, and sets a new one by mail", async () => {
    const phone = await Person.enter(stage, "Maya's other device", maya.home);
    await phone.open("/forgot");
    await phone.fill({ Email: "nobody@example.com" });
    await phone.press("Email me a link");
    const answer = await phone.words();
    await phone.open("/forgot");
    await phone.fill({ Email: maya.email });
    await phone.press("Email me a link");
    assert.equal(await phone.words(), answer, "the answer does not tell whether there is an account");

    const mail = await mails.next(maya.email, "Choose a new password");
    await phone.open(link(mail, "/reset/"));
    await phone.fill({ "New password": SHORT_PASSWORD });
    await phone.press("Set new password");
    await phone.isRefused("Use 12 characters or more");
    await phone.fill({ "New password": NEW_PASSWORD });
    await phone.press("Set new password");
    await phone.sees("Your password is changed");
    await mails.next(maya.email, "Your password was changed");
    assert.deepEqual(await mails.to("nobody@example.com"), []);

    assert.equal(await phone.open(link(mail, "/reset/")), 410);
    await phone.signIn(maya.email, deeds.PASSWORD);
    await phone.isRefused("The email or password is not right");
    await phone.leave();
  });

  await stage.step("her former session has ended; she signs in again and comes back to where she was going", async () => {
    await maya.open(`${story.portal}/progress`);
    assert.match(maya.path, /^\/sign-in\?next=/);
    await maya.fill({ Email: maya.email, Password: NEW_PASSWORD });
    await maya.press("Sign in");
    assert.equal(maya.path, `${story.portal}/progress`);
  });
}

export async function spouse(stage, story) {
  const { ruth, daniel } = story;

  await stage.step("her spouse gets a login of his own, without the money", async () => {
    await deeds.giveAccess(ruth, story.record, { ...daniel, rights: ["Approve", "Write to you"] });
    const first = await mails.next(daniel.email, "your project portal");
    await ruth.part(daniel.name).press("Resend invitation");
    const second = await mails.next(daniel.email, "your project portal");
    assert.equal(await daniel.open(link(first, "/invite/")), 410, "a resend voids the former link");
    await daniel.sees("A newer link was sent to you since");
    await deeds.accept(daniel, second, { zone: "Pacific time (Los Angeles)", frequency: "Once a day" });
    await daniel.sees("Kitchen remodel", "Planning and permits");
    await daniel.findsNo("Contract value", VALUE);
    await daniel.open(`${story.portal}/progress`);
    await daniel.findsNo("Financials");
    await daniel.isAbsent(`${story.portal}/financials`);
  });

  await stage.step("no client finds the office", async () => {
    for (const path of ["/office", "/office/clients", story.record, story.project]) await daniel.isAbsent(path);
    await daniel.isAbsent(story.studio.replace("/office/projects/", "/p/"));
  });

  await stage.step("his access is ended at once, and given back", async () => {
    await ruth.open(story.record);
    await deeds.endAccess(ruth, daniel.name);
    await ruth.part(daniel.name).sees("Access was ended on");
    await daniel.open("/");
    assert.equal(daniel.path, "/sign-in");
    await daniel.signIn(daniel.email, deeds.PASSWORD);
    await daniel.isRefused("Your access to this portal has ended");

    await ruth.part(daniel.name).press("Give access back");
    await daniel.signIn(daniel.email, deeds.PASSWORD);
    await daniel.sees("Kitchen remodel");
  });
}

/** The one line that says why a person cannot get in. */
export async function whyNot(stage, story) {
  const { alder, ruth, maya } = story;
  const ines = { name: "Ines Moreau", email: `ines@${alder.slug}.example` };
  const line = async (...words) => {
    await ruth.open(story.record);
    await ruth.part(ines.name).sees(...words);
  };

  await stage.step("an address that bounces is named, with the way to mend it", async () => {
    await mails.answer(ines.email, "refuse_for_good");
    await deeds.addPerson(ruth, story.record, { ...ines, phone: "", relation: "Architect" });
    await deeds.giveAccess(ruth, story.record, { ...ines, rights: [] });
    await eventually("the bounce reaches the record", async () => {
      await ruth.open(story.record);
      return (await ruth.part(ines.name).words()).includes(`Mail to ${ines.email} bounces`);
    });
    await line("5.1.1", "Fix the address.");
    await ruth.open("/office");
    await ruth.sees(`Mail to ${ines.email} bounces.`);
    await ruth.follow("Fix address");
    assert.ok(ruth.path.startsWith(story.record), "the way leads to the record");

    await mails.answer(ines.email, "accept");
    await ruth.open(`${story.record}?mail=problems`);
    await ruth.press("Allow the address");
    await ruth.sees("Mail to this address is allowed again.");
    await ruth.open(story.record);
    await ruth.part(ines.name).press("Resend invitation");
    story.unread = await mails.next(ines.email, "your project portal");
    // the mail server has it a moment before its answer is written down
    await eventually("the record says that it went out", async () => {
      await ruth.open(story.record);
      return (await ruth.part(ines.name).words()).includes("not accepted yet. The link works until");
    });
    await line("Invited");
  });

  await stage.step("who looks for the portal at the wrong place is told where it is", async () => {
    const lost = await Person.enter(stage, "Ines at the wrong address", origin(""));
    await lost.open("/find");
    await lost.fill({ Email: ines.email });
    await lost.press("Email me the addresses");
    await lost.sees("Check your mail");
    const mail = await mails.next(ines.email, "Where to find your portal");
    assert.ok(mail.text.includes(alder.home));
    await line("Looked for the portal at localhost", `instead of ${alder.slug}.localhost`);
    await lost.leave();
  });

  await stage.step("an invitation that expired is named, and the invited can ask for another", async () => {
    await clock.forward({ days: 15 });
    await ruth.signIn(ruth.email, deeds.PASSWORD);
    await line("The invitation expired on", "Send a new one.");
    const guest = await Person.enter(stage, "Ines two weeks later", alder.home);
    assert.equal(await guest.open(link(story.unread, "/invite/")), 410);
    await guest.sees("This invitation has expired", alder.phone);
    await guest.press("Send me a new link");
    await guest.sees("Check your mail");
    const mail = await mails.next(ines.email, "your project portal");
    await deeds.accept(guest, mail, { zone: "Pacific time (Los Angeles)", frequency: "Right away" });
    await line("Active, last visit today");
    await guest.leave();
  });

  await stage.step("who is in has nothing in the way", async () => {
    await maya.open("/");
    await ruth.open(story.record);
    await ruth.part(maya.name).sees("Active, last visit today");
  });
}
