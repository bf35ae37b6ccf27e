// What the office does before any client comes: two contractors sign up, and one of them enters a household and its project.

import assert from "node:assert/strict";
import { SHORT_PASSWORD, VALUE } from "../cast.mjs";
import * as deeds from "../deeds.mjs";
import { Person, clock, mails, origin } from "../lib.mjs";

export async function signUps(stage, { alder, birch, ruth, paul }) {
  await stage.step("a form that is refused keeps what was typed", async () => {
    await ruth.open(origin(""));
    await ruth.fill({ "Company name": alder.name });
    const followed = await ruth.field("Your portal’s address").inputValue();
    assert.equal(followed, stage.scripts ? "alder-builders" : "", "only a script fills in the address");
    await ruth.fill({
      "Your portal’s address": alder.slug,
      "Your name": ruth.name,
      "Your email": ruth.email,
      "Choose a password": SHORT_PASSWORD,
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

export async function record(stage, story) {
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
  });

  await stage.step("and a studio for another client, which is none of the Okafors' business", async () => {
    story.neighbor = await deeds.addClient(ruth, {
      name: "Hal Brandt",
      phone: "(503) 555-0111",
      status: "Active client",
      source: "",
      tags: "",
      notes: "",
      address: { Street: "17 Fern Court", City: "Portland" },
    });
    story.studio = await deeds.startProject(ruth, {
      client: "Hal Brandt",
      name: "Garden studio",
      type: "Addition",
      template: "None yet",
      manager: dana.name,
      crew: [],
      address: { Street: "17 Fern Court", City: "Portland" },
      map: {},
      start: await clock.now(),
    });
    for (const client of [maya, daniel]) client.secrets.push("Brandt", "Garden studio", "Fern Court", "fears drills");
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
