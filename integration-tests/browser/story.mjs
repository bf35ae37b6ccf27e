// The story of two contractors, from sign-up to what their clients see, in four runs on one platform: on a phone and on a
// computer, with and without scripts.

import assert from "node:assert/strict";
import * as deeds from "./deeds.mjs";
import { COMPUTER, PHONE, Person, Stage, ask, clock, eventually, launch, link, mails, origin } from "./lib.mjs";

const RUNS = [
  { name: "390js", width: PHONE, scripts: true },
  { name: "390plain", width: PHONE, scripts: false },
  { name: "1280js", width: COMPUTER, scripts: true },
  { name: "1280plain", width: COMPUTER, scripts: false },
];

const VALUE = "86,400.00";
const NEW_PASSWORD = "seven herons over the pond";
const SHORT = "too short";

const browser = await launch();
try {
  const only = process.argv.slice(2);
  for (const run of RUNS.filter(({ name }) => only.length === 0 || only.includes(name))) await tell(run);
} catch (error) {
  console.log(error.stack);
  process.exitCode = 1;
} finally {
  await browser.close();
}

async function tell(run) {
  const stage = new Stage(browser, run);
  // each run begins on the next morning, far enough from midnight and from the sign-ups of the run before
  await clock.forwardTo("10:00");
  const story = await cast(stage);
  await signUps(stage, story);
  await record(stage, story);
  await invitation(stage, story);
  await passwords(stage, story);
  await spouse(stage, story);
  await crew(stage, story);
  await milestones(stage, story);
  await hiding(stage, story);
  await whyNot(stage, story);
  await apart(stage, story);
  await stage.end();
}

/** Everybody, each with a browser, before anything has happened. */
async function cast(stage) {
  const run = stage.name;
  const alder = deeds.contractor("Alder Builders", `alder${run}`, {
    colors: ["#1f5b4b", "#c9a77c", "#b8572f"],
    mark: `kingfisher${run}`,
  });
  const birch = deeds.contractor("Birch Design", `birch${run}`, {
    colors: ["#2f5bea", "#0f1f3d", "#e08a1e"],
    mark: `heron${run}`,
  });
  const person = async (company, name, address) => {
    const other = company === alder ? birch : alder;
    const entered = await Person.enter(stage, name, company.home);
    return Object.assign(entered, {
      email: `${address}@${company.slug}.example`,
      secrets: [other.slug, other.mark],
    });
  };
  return {
    alder,
    birch,
    ruth: await person(alder, "Ruth Finch", "ruth"),
    dana: await person(alder, "Dana Reyes", "dana"),
    luis: await person(alder, "Luis Ortega", "luis"),
    maya: await person(alder, "Maya Okafor", "maya"),
    daniel: await person(alder, "Daniel Okafor", "daniel"),
    paul: await person(birch, "Paul Birch", "paul"),
  };
}

async function signUps(stage, { alder, birch, ruth, paul }) {
  await stage.step("a form that is refused keeps what was typed", async () => {
    await ruth.open(origin(""));
    await ruth.fill({ "Company name": alder.name });
    const followed = await ruth.field("Your portal’s address").inputValue();
    assert.equal(followed, stage.scripts ? "alder-builders" : "", "only a script fills in the address");
    await ruth.fill({
      "Your portal’s address": alder.slug,
      "Your name": ruth.name,
      "Your email": ruth.email,
      "Choose a password": SHORT,
    });
    await ruth.press("Start my portal");
    await ruth.isRefused("Use 15 characters or more");
    assert.equal(await ruth.field("Company name").inputValue(), alder.name);
    assert.equal(await ruth.field("Your portal’s address").inputValue(), alder.slug);
    assert.equal(await ruth.field("Your email").inputValue(), ruth.email);
    assert.equal(await ruth.field("Choose a password").inputValue(), "");
  });

  await stage.step("two contractors sign up", async () => {
    await deeds.signUp(ruth, alder);
    await ruth.sees("Today", "Confirm your address", ruth.email);
    await deeds.signUp(paul, birch);
  });

  await stage.step("an address that is taken stays with who has it", async () => {
    const late = await Person.enter(stage, "Somebody late", origin(""));
    await late.open("/");
    await late.fill({
      "Company name": "Another company",
      "Your portal’s address": alder.slug,
      "Your name": "Somebody late",
      "Your email": "late@example.com",
      "Choose a password": deeds.PASSWORD,
    });
    await late.press("Start my portal");
    await late.isRefused("This address is taken: choose another");
  });

  await stage.step("nobody is invited before the owner's address is confirmed", async () => {
    await ruth.open("/office/settings/team");
    await ruth.fill({ Name: "Somebody early", Email: "early@example.com" });
    await ruth.press("Send invitation");
    assert.equal(ruth.status, 409);
    await ruth.sees("confirm");
    assert.deepEqual(await mails.to("early@example.com"), []);
  });

  await stage.step("they confirm their addresses", async () => {
    await deeds.confirmAddress(ruth);
    await deeds.confirmAddress(paul);
    await ruth.open("/office");
    await ruth.findsNo("Confirm your address");
  });

  await stage.step("each chooses colors and says who they are", async () => {
    await deeds.saveColors(ruth, alder.colors);
    await deeds.saveCompany(ruth, alder);
    await deeds.saveColors(paul, birch.colors);
    await deeds.saveCompany(paul, birch);
    const sheet = (person) => person.page.locator("link[href^='/brand/']").getAttribute("href");
    assert.notEqual(await sheet(ruth), await sheet(paul), "each has a style sheet of its own");
  });
}

async function record(stage, story) {
  const { ruth, dana, luis, maya, daniel } = story;

  await stage.step("a project manager and a field person join the team", async () => {
    await deeds.joinTeam(ruth, dana, "Project manager");
    await deeds.joinTeam(ruth, luis, "Crew");
  });

  await stage.step("the owner adds a household of two", async () => {
    story.record = await deeds.addClient(ruth, {
      name: "Maya and Daniel Okafor",
      phone: "(503) 555-0177",
      status: "Active client",
      source: "Referral",
      tags: "kitchen, referral",
      notes: "Their dog fears drills.",
      address: { Street: "214 Larkspur Lane", City: "Portland", State: "OR", "ZIP code": "97214" },
      secondAddress: { Street: "9 Harbor Street", City: "Astoria", State: "OR", "ZIP code": "97103" },
    });
    await ruth.sees("214 Larkspur Lane", "9 Harbor Street", "Active client", "Referral", "kitchen", "fears drills");
    await deeds.addPerson(ruth, story.record, { ...maya, phone: "(503) 555-0178", relation: "", isMain: true });
    await deeds.addPerson(ruth, story.record, { ...daniel, phone: "(503) 555-0179", relation: "Spouse" });
    await ruth.part(maya.name).sees("No portal access yet.");
    await ruth.sees("Spouse", "(503) 555-0179");
  });

  await stage.step("she finds the record again by a word and by a tag", async () => {
    await ruth.open("/office/clients?q=lark");
    await ruth.sees("Maya and Daniel Okafor");
    await ruth.open("/office/clients?tag=kitchen");
    await ruth.sees("Maya and Daniel Okafor");
    await ruth.open("/office/clients?q=nobody");
    await ruth.sees("No client fits");
  });

  await stage.step("she starts a kitchen remodel from the template", async () => {
    story.project = await deeds.startProject(ruth, {
      client: "Maya and Daniel Okafor",
      name: "Kitchen remodel",
      type: "Kitchen",
      template: "Kitchen remodel",
      manager: dana.name,
      crew: [luis.name],
      address: { Street: "214 Larkspur Lane", City: "Portland", State: "OR", "ZIP code": "97214" },
      map: { Latitude: "45.5152", Longitude: "-122.6784" },
      start: await clock.now(),
    });
    await ruth.sees("Kitchen remodel", "214 Larkspur Lane", dana.name);
    await ruth.open(`${story.project}/phases`);
    await ruth.sees("Planning and permits", "Fixtures and final walk-through");
    story.other = await deeds.startProject(ruth, {
      client: "Maya and Daniel Okafor",
      name: "Garden studio",
      type: "Addition",
      template: "None yet",
      manager: dana.name,
      crew: [],
      address: { Street: "214 Larkspur Lane", City: "Portland" },
      map: {},
      start: await clock.now(),
    });
  });

  await stage.step("she sets what clients see and what it costs", async () => {
    await deeds.show(ruth, story.project, {
      Progress: "Show",
      Photos: "Selected",
      "Daily logs": "Summary",
      Schedule: "Full",
      Financials: "Full",
    });
    await deeds.setValue(ruth, story.project, VALUE);
    await ruth.sees(`$${VALUE}`);
  });
}

async function invitation(stage, story) {
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
    assert.ok(await ruth.box("radio", "Once a week").isChecked());
    assert.ok(await ruth.box("checkbox", "See money").isChecked());
  });

  await stage.step("the invitation goes out, and the record says who enabled it and when", async () => {
    await ruth.fill({ "Email again": maya.email });
    await ruth.press("Send the invitation");
    await ruth.part(maya.name).sees("Invited", "Enabled by", ruth.name, "see money, approve, pay, write");
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
      assert.equal(await ask(look % 2 ? "HEAD" : "GET", address), 200);
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
    assert.ok(await maya.box("radio", "Once a week").isChecked(), "the office's choice is the preset");
    await maya.fill({ "Choose a password": SHORT });
    await maya.choose({ "Your time zone": "Mountain time (Denver)" });
    await maya.pick("How often should we mail you?", "Right away");
    await maya.press("Create my account");
    await maya.isRefused("Use 12 characters or more");
    assert.equal(await maya.field("Your time zone").inputValue(), "America/Denver");
    assert.ok(await maya.box("radio", "Right away").isChecked());
  });

  await stage.step("the client accepts and lands on Home, with her project", async () => {
    await deeds.accept(maya, story.invitation, { zone: "Pacific time (Los Angeles)", frequency: "Right away" });
    await maya.sees("Maya", "Kitchen remodel", "Planning and permits", "Phase 1 of 8", "Planned finish");
    await maya.sees("Next milestone", "Permits approved", "Contract value", `$${VALUE}`, "0%");
    await maya.findsNo("fears drills");
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

async function passwords(stage, story) {
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
    await phone.fill({ "New password": SHORT });
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

async function spouse(stage, story) {
  const { ruth, daniel } = story;

  await stage.step("her spouse gets a login of his own, without the money", async () => {
    await deeds.giveAccess(ruth, story.record, { ...daniel, rights: ["Approve", "Write to you"] });
    const first = await mails.next(daniel.email, "your project portal");
    await ruth.part(daniel.name).press(/^Resend invitation/);
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
  });

  await stage.step("his access is ended at once, and given back", async () => {
    await ruth.open(story.record);
    await deeds.endAccess(ruth, daniel.name);
    await ruth.part(daniel.name).sees("Access was ended on");
    await daniel.open("/");
    assert.equal(daniel.path, "/sign-in");
    await daniel.signIn(daniel.email, deeds.PASSWORD);
    await daniel.isRefused("Your access to this portal has ended");

    await ruth.part(daniel.name).press(/^Give access back/);
    await daniel.signIn(daniel.email, deeds.PASSWORD);
    await daniel.sees("Kitchen remodel");
  });
}

async function crew(stage, story) {
  const { luis, maya, daniel } = story;

  await stage.step("the field person sees the assigned project, and neither money nor clients", async () => {
    luis.secrets.push(VALUE, "86400", "8640000", "Okafor", maya.email, daniel.email, "555-017", "Garden studio", "fears drills");
    await luis.open("/office");
    await luis.go("Projects");
    await luis.follow("Kitchen remodel");
    await luis.sees("Kitchen remodel", "214 Larkspur Lane");
    await luis.open(`${story.project}/phases`);
    await luis.sees("Planning and permits");
    const hidden = [
      "/office/clients",
      "/office/clients/new",
      "/office/clients.csv",
      story.record,
      `${story.record}/edit`,
      "/office/mail",
      "/office/projects/new",
      story.other,
      `${story.project}/edit`,
      `${story.project}/visibility`,
      "/office/settings/branding",
      "/office/settings/organization",
      "/office/settings/team",
      "/",
    ];
    for (const path of hidden.slice(0, -1)) await luis.isAbsent(path);
    await luis.open("/");
    assert.match(luis.path, /^\/office/, "the office's people have their own home");
  });
}

async function milestones(stage, story) {
  const { dana, maya, daniel } = story;

  await stage.step("the project manager moves one phase and completes a milestone", async () => {
    await deeds.moveTo(dana, story.project, "Demolition", 60);
    await deeds.moveTo(dana, story.project, "Planning and permits", 100);
  });

  await stage.step("the client's Home moves, and the milestone comes as mail and as a badge", async () => {
    const mail = await mails.next(maya.email, "Permits approved");
    assert.ok(mail.text.includes("Kitchen remodel"));
    await maya.open("/");
    await maya.sees("12%", "Phase 2 of 8", "Demolition", "Rough-in inspection passed");
    assert.equal(await maya.badge(), 1);
    await maya.go("Activity");
    await maya.sees("Milestone reached: Permits approved", dana.name, "1 new");
    await maya.press("Mark all as seen");
    await maya.sees("Everything is marked as seen");
    assert.equal(await maya.badge(), 0);
    await maya.open(`${story.portal}/progress`);
    await maya.sees("60%", "Done", "1 of 8 done");
  });

  await stage.step("the mail leads to the project, after signing in", async () => {
    const [mail] = await mails.to(maya.email, "Permits approved");
    const other = await Person.enter(stage, "Maya at work", maya.home);
    await other.open(link(mail, "/p/"));
    await other.fill({ Email: maya.email, Password: NEW_PASSWORD });
    await other.press("Sign in");
    assert.equal(other.path, `${story.portal}/progress`);
    await other.leave();
  });

  await stage.step("who reads once a day gets the summary at eight in the morning", async () => {
    await clock.forwardTo("08:01");
    const mail = await mails.next(daniel.email, "Your summary for");
    assert.ok(mail.text.includes("Permits approved"));
  });
}

async function hiding(stage, story) {
  const { ruth, dana, maya, daniel } = story;
  const shown = { Progress: "Show", Schedule: "Full", Financials: "Full" };

  await stage.step("the client asks for one mail a day; the next milestone is held for it", async () => {
    await maya.open("/account");
    await maya.pick("How often should we mail you?", "Once a day");
    await maya.press("Save email settings");
    await ruth.signIn(ruth.email, deeds.PASSWORD);
    await dana.signIn(dana.email, deeds.PASSWORD);
    await deeds.moveTo(dana, story.project, "Plumbing and electrical", 100);
    await eventually("the milestone is in the inbox", async () => {
      await maya.open("/activity");
      return (await maya.words()).includes("Rough-in inspection passed");
    });
    assert.equal(await maya.badge(), 1);
    await ruth.open(story.record);
    await ruth.sees("Held until");
  });

  await stage.step("the schedule is hidden: its words are gone with the next click", async () => {
    await deeds.show(ruth, story.project, { ...shown, Schedule: "Hide" });
    const words = ["Rough-in inspection", "Permits approved", "Next milestone", "Planned finish", "Coming up", "Milestone"];
    await maya.open("/");
    await maya.findsNo(...words);
    assert.equal(await maya.badge(), 0);
    await maya.open(`${story.portal}/progress`);
    await maya.findsNo(...words);
    await maya.sees("Demolition", "60%");
    await maya.open("/activity");
    await maya.findsNo("Rough-in inspection", "Permits approved");
  });

  await stage.step("and no summary tells of it the next morning", async () => {
    const before = await mails.to(maya.email);
    await clock.forwardTo("08:05");
    await ruth.signIn(ruth.email, deeds.PASSWORD);
    await eventually("both households' mails are decided", async () => {
      await ruth.open(story.record);
      return !(await ruth.words()).includes("Held until");
    });
    assert.equal((await mails.to(maya.email)).length, before.length);
    assert.deepEqual(await mails.to(daniel.email, "Rough-in"), []);
  });

  await stage.step("progress is hidden: no percentage is left", async () => {
    await deeds.show(ruth, story.project, { ...shown, Progress: "Hide" });
    await maya.open("/");
    await maya.findsNo(/\d%/, "phasebar");
    await maya.sees("Rough-in inspection passed");
    await maya.open(`${story.portal}/progress`);
    await maya.findsNo(/\d%/, "phasebar", "Overall");
    await maya.sees("Demolition");
  });

  await stage.step("financials are hidden: neither number nor tab nor page", async () => {
    await deeds.show(ruth, story.project, { ...shown, Financials: "Hide" });
    await maya.open("/");
    await maya.findsNo("Contract value", "86,400");
    await maya.open(`${story.portal}/progress`);
    await maya.findsNo("Financials", "86,400");
    await maya.isAbsent(`${story.portal}/financials`);
    await maya.open("/activity");
    await maya.findsNo("86,400");
  });

  await stage.step("all of it comes back when it is shown again", async () => {
    await deeds.show(ruth, story.project, shown);
    await maya.open("/");
    await maya.sees(`$${VALUE}`, "Next milestone", "Planned finish");
    await maya.go("Activity");
    await maya.sees("Rough-in inspection passed");
  });
}

/** The one line that says why a person cannot get in. */
async function whyNot(stage, story) {
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
    await ruth.follow(/^Fix address/);
    assert.ok(ruth.path.startsWith(story.record), "the way leads to the record");

    await mails.answer(ines.email, "accept");
    await ruth.open(`${story.record}?mail=problems`);
    await ruth.press(/^Allow the address and resend/);
    story.unread = await mails.next(ines.email, "your project portal");
    await line("Invited", "not accepted yet. The link works until");
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

async function apart(stage, { alder, birch, ruth, paul, maya, record: path, project, portal }) {
  await stage.step("the other contractor finds nothing of it, by no address", async () => {
    await paul.signIn(paul.email, deeds.PASSWORD);
    const absent = "0198d3f0-0000-7000-8000-000000000000";
    for (const address of [path, project, `${project}/phases`, `${project}/visibility`]) {
      await paul.isAbsent(address);
      const foreign = await paul.source;
      await paul.isAbsent(address.replace(/[0-9a-f-]{36}/, absent));
      assert.equal(await paul.source, foreign, "what is foreign looks like what does not exist");
    }
    for (const page of ["/office", "/office/clients", "/office/projects", "/office/mail", "/office/settings/team"]) {
      assert.equal(await paul.open(page), 200);
      await paul.findsNo(alder.mark, "Okafor", "Kitchen remodel");
    }
  });

  await stage.step("a session of one is none at the other", async () => {
    await maya.page.goto(`${birch.home}${portal}/progress`);
    assert.match(maya.path, /^\/sign-in/);
    maya.secrets = [];
    await ruth.page.goto(`${birch.home}/office`);
    assert.match(ruth.path, /^\/sign-in/);
    ruth.secrets = [];
  });

  await stage.step(stage.scripts ? "scripts ran" : "no script ran", async () => {
    for (const person of stage.people) {
      assert.equal(person.scripts > 0, stage.scripts && person.documents.length > 0, person.name);
    }
  });
}
