// What clients and crew get to see while the work goes on, and what they do not.

import assert from "node:assert/strict";
import { NEW_PASSWORD, VALUE } from "../cast.mjs";
import * as deeds from "../deeds.mjs";
import { Person, clock, eventually, link, mails } from "../lib.mjs";

export async function crew(stage, story) {
  const { luis, maya, daniel } = story;

  await stage.step("the field person sees the assigned project, and neither money nor clients", async () => {
    const money = [VALUE, "86400", "8640000"];
    luis.secrets.push(...money, "Okafor", maya.email, daniel.email, "555-017", "Brandt", "Garden studio", "fears drills");
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
      story.studio,
      `${story.project}/edit`,
      `${story.project}/visibility`,
      "/office/settings/branding",
      "/office/settings/organization",
      "/office/settings/team",
    ];
    for (const path of hidden) await luis.isAbsent(path);
    await luis.open("/");
    assert.match(luis.path, /^\/office/, "the office's people have their own home");
  });
}

export async function milestones(stage, story) {
  const { dana, maya, daniel } = story;

  await stage.step("the project manager moves one phase and completes a milestone", async () => {
    await deeds.moveTo(dana, story.project, "Demolition", 60);
    await deeds.moveTo(dana, story.project, "Planning and permits", 100);
  });

  await stage.step("the client's Home moves, and the milestone comes as mail and as a badge", async () => {
    const mail = await mails.next(maya.email, "permits approved");
    assert.ok(mail.text.includes("Kitchen remodel"));
    await maya.open("/");
    await maya.sees("12%", "Phase 2 of 8", "Demolition", "Rough-in inspection passed");
    assert.equal(await maya.badge(), 1);
    await maya.follow("Activity");
    await maya.sees("Milestone reached: Permits approved", dana.name, "1 new");
    await maya.press("Mark all as seen");
    await maya.sees("Everything is marked as seen");
    assert.equal(await maya.badge(), 0);
    await maya.open(`${story.portal}/progress`);
    await maya.sees("60%", "Done", "1 of 8 done");
  });

  await stage.step("the mail leads to the project, after signing in", async () => {
    const [mail] = await mails.to(maya.email, "permits approved");
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
    assert.ok(mail.text.includes("permits approved"));
  });
}

export async function hiding(stage, story) {
  const { ruth, dana, maya, daniel } = story;
  const shown = { Progress: "Show", Schedule: "Full", Financials: "Full" };

  await stage.step("the client asks for one mail a day; the next milestone is held for it", async () => {
    await clock.forwardTo("10:00");
    await maya.open("/account");
    await maya.pick("How often should we mail you?", "Once a day");
    await maya.press("Save email settings");
    await deeds.moveTo(dana, story.project, "Plumbing and electrical", 100);
    await eventually("the milestone is in the inbox", async () => {
      await maya.open("/activity");
      return (await maya.words()).includes("rough-in inspection passed");
    });
    assert.equal(await maya.badge(), 1);
    await ruth.open(story.record);
    await ruth.sees("Held until");
  });

  await stage.step("the schedule is hidden: its words are gone with the next click", async () => {
    await deeds.show(ruth, story.project, { ...shown, Schedule: "Hide" });
    const dates = /(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [A-Z]|[A-Z][a-z]{2} \d+ –/;
    const words = [/rough-in inspection/i, /permits approved/i, "Next milestone", "Planned finish", "Coming up", dates];
    await maya.open("/");
    await maya.findsNo(...words);
    assert.equal(await maya.badge(), 0);
    await maya.open(`${story.portal}/progress`);
    await maya.findsNo(...words);
    await maya.sees("Demolition", "60%");
    await maya.open("/activity");
    await maya.findsNo(/rough-in inspection/i, /permits approved/i);
  });

  await stage.step("and no summary tells of it the next morning", async () => {
    const before = await mails.to(maya.email);
    await clock.forwardTo("08:05");
    await ruth.signIn(ruth.email, deeds.PASSWORD);
    await eventually("both people's mails are decided", async () => {
      await ruth.open(story.record);
      const words = await ruth.words();
      const decided = words.split("The person may not see it any more.").length - 1;
      return decided === 2 && !words.includes("Held until");
    });
    assert.equal((await mails.to(maya.email)).length, before.length);
    assert.deepEqual(await mails.to(daniel.email, "rough-in"), []);
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
    await maya.follow("Activity");
    await maya.sees("Rough-in inspection passed");
  });
}

export async function apart(stage, { alder, birch, ruth, paul, maya, record: path, project, portal, photos }) {
  await stage.step("the other contractor finds nothing of it, by no address", async () => {
    await paul.signIn(paul.email, deeds.PASSWORD);
    const absent = "0198d3f0-0000-7000-8000-000000000000";
    const photo = `${project}/photos/${photos[0]}`;
    for (const address of [path, project, `${project}/phases`, `${project}/photos`, photo, `${project}/visibility`]) {
      await paul.isAbsent(address);
      const foreign = await paul.source;
      await paul.isAbsent(address.replace(/[0-9a-f-]{36}/, absent));
      assert.equal(await paul.source, foreign, "what is foreign looks like what does not exist");
    }
    assert.equal((await paul.fetch(`${portal}/photos/${photos[0]}/640.jpg`)).status, 404);
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
