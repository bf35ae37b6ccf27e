// Every page in three brands, light and dark, on a narrow phone and a computer: can everybody read and use it, and does
// it keep to what pages may do?

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import * as deeds from "./deeds.mjs";
import { COMPUTER, PHONE, Person, Stage, clock, eventually, launch, link, mails, origin } from "./lib.mjs";

const BRANDS = {
  spruce: ["#1f5b4b", "#c9a77c", "#b8572f"],
  blue: ["#2f5bea", "#0f1f3d", "#e08a1e"],
  pale: ["#fff1a8", "#d8e2dc", "#f4a9a8"],
};
const RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"];
const SCHEMES = ["light", "dark"];
const NARROW = 320;
const LARGEST_PAGE = 40 * 1024;
const MOST_TABS = 80;
const SCREENSHOTS = process.env.SCREENSHOTS;

/** The pages that are worth a look by people. */
const MAIN = new Set([
  "sign-in",
  "invitation",
  "client home",
  "client progress",
  "client financials",
  "client activity",
  "client account",
  "office today",
  "office client",
  "office phases",
  "office visibility",
  "office branding",
]);

const findings = [];
const browser = await launch();
try {
  await survey();
} catch (error) {
  findings.push(error.stack);
} finally {
  await browser.close();
}
for (const finding of findings) console.log(finding);
if (findings.length > 0) process.exitCode = 1;

async function survey() {
  const stage = new Stage(browser, { name: "pages" });
  const house = await furnish(stage);
  await stage.step("the keyboard alone", () => keyboard(stage, house));
  await stage.step("pages of the platform", () => visit(house, platformPages(house), "platform"));
  for (const [brand, colors] of Object.entries(BRANDS)) {
    await stage.step(`brand ${brand}: colors are saved`, () => deeds.saveColors(house.ruth, colors));
    await stage.step(`brand ${brand}: before sign-in`, () => visit(house, guestPages(house), brand));
    await stage.step(`brand ${brand}: clients`, () => visit(house, clientPages(house), brand));
    await stage.step(`brand ${brand}: the office`, () => visit(house, officePages(house), brand));
    await stage.step(`brand ${brand}: project managers and crew`, () => visit(house, teamPages(house), brand));
    await stage.step(`brand ${brand}: a new organization`, () => visit(house, newPages(house), brand));
  }
  await stage.end();
}

/** An organization in which every page has something to show, and a new one in which none has. */
async function furnish(stage) {
  const house = { stage, alder: deeds.contractor("Alder Builders", "alder", { mark: "kingfisher" }) };
  const { alder } = house;
  const empty = deeds.contractor("Hazel Carpentry", "hazel", { mark: "wren" });
  const enter = async (key, name, company = alder) => {
    const person = await Person.enter(stage, name, company.home);
    house[key] = Object.assign(person, { email: `${key}@${company.slug}.example` });
  };
  await enter("guest", "A guest");
  await enter("ruth", "Ruth Finch");
  await enter("dana", "Dana Reyes");
  await enter("luis", "Luis Ortega");
  await enter("maya", "Maya Okafor");
  await enter("ines", "Ines Moreau");
  await enter("hal", "Hal Brandt");
  await enter("nora", "Nora Hazel", empty);
  const { ruth, dana, luis, maya, ines, hal, nora } = house;

  await clock.forwardTo("10:00");
  await stage.step("an invitation that nobody opens for two weeks", async () => {
    await deeds.signUp(ruth, alder);
    house.confirmation = link(await mails.next(ruth.email, "Confirm your email address"), "/confirm/");
    await ruth.open(house.confirmation);
    await ruth.press(/^Confirm/);
    await deeds.saveCompany(ruth, alder);
    house.record = await deeds.addClient(ruth, {
      name: "Maya and Daniel Okafor",
      phone: "(503) 555-0177",
      status: "Active client",
      source: "Referral",
      tags: "kitchen, referral",
      notes: "Their dog fears drills.",
      address: { Street: "214 Larkspur Lane", City: "Portland", State: "OR", "ZIP code": "97214" },
    });
    await deeds.addPerson(ruth, house.record, { ...hal, phone: "", relation: "Architect" });
    await deeds.giveAccess(ruth, house.record, { ...hal, rights: [] });
    house.expired = link(await mails.next(hal.email, "your project portal"), "/invite/");
    await clock.forward({ days: 15 });
    await ruth.signIn(ruth.email, deeds.PASSWORD);
  });

  await stage.step("a team, a client and a project", async () => {
    await deeds.joinTeam(ruth, dana, "Project manager");
    await deeds.joinTeam(ruth, luis, "Crew");
    await deeds.addPerson(ruth, house.record, { ...maya, phone: "(503) 555-0178", relation: "", isMain: true });
    house.project = await deeds.startProject(ruth, {
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
    house.portal = house.project.replace("/office/projects/", "/p/");
    await deeds.show(ruth, house.project, { Progress: "Show", Schedule: "Full", Financials: "Full" });
    await deeds.setValue(ruth, house.project, "86,400.00");
  });

  await stage.step("a client who reads, and one whose mail bounces", async () => {
    const all = ["See money", "Approve", "Pay", "Write to you"];
    await deeds.giveAccess(ruth, house.record, { ...maya, rights: all });
    house.used = link(await mails.next(maya.email, "your project portal"), "/invite/");
    await deeds.accept(maya, { subject: "", links: [house.used] }, { zone: "Pacific time (Los Angeles)", frequency: "Right away" });
    await deeds.moveTo(dana, house.project, "Planning and permits", 100);
    await deeds.moveTo(dana, house.project, "Demolition", 60);
    await mails.next(maya.email, "Permits approved");
    await deeds.addPerson(ruth, house.record, { ...ines, phone: "", relation: "Architect" });
    await deeds.giveAccess(ruth, house.record, { ...ines, rights: [] });
    house.open = link(await mails.next(ines.email, "your project portal"), "/invite/");
    await mails.answer(ines.email, "refuse_for_good");
    await ruth.part(ines.name).press(/^Resend invitation/);
    await eventually("the bounce reaches the record", async () => {
      await ruth.open(house.record);
      return (await ruth.words()).includes("bounces");
    });
  });

  await stage.step("links of every kind", async () => {
    await house.guest.open("/forgot");
    await house.guest.fill({ Email: maya.email });
    await house.guest.press("Email me a link");
    house.reset = link(await mails.next(maya.email, "Choose a new password"), "/reset/");
    await ruth.open("/office/settings/team");
    await ruth.fill({ Name: "Theo Park", Email: "theo@alder.example" });
    await ruth.press("Send invitation");
    house.team = link(await mails.next("theo@alder.example", "Join the team"), "/invite/");
    await mails.answer(ines.email, "accept");
    await deeds.signUp(nora, empty);
  });
  return house;
}

/** A page: its name, who looks, how they come there, and the status. */
const page = (name, person, come, status = 200) => ({ name, person, come, status });
const at = (name, person, path, status = 200) => page(name, person, () => person.open(path), status);

/** A form that is sent as no browser would let it be sent, so that its page comes back with every error. */
const refused = (name, person, path, button, fields = {}) =>
  page(
    name,
    person,
    async () => {
      await person.open(path);
      await person.page.evaluate(() => [...document.forms].forEach((form) => (form.noValidate = true)));
      await person.fill(fields);
      await person.press(button);
    },
    422,
  );

function platformPages({ guest }) {
  const base = origin("");
  return [
    at("sign up", guest, `${base}/`),
    refused("sign up, refused", guest, `${base}/`, "Start my portal", { "Your portal’s address": "No" }),
    at("find my portal", guest, `${base}/find`),
    refused("find my portal, refused", guest, `${base}/find`, "Email me the addresses", { Email: "nobody" }),
    at("portals are mailed", guest, `${base}/find/sent`),
    at("nothing at the base domain", guest, `${base}/nothing`, 404),
    at("no portal at this host", guest, `${origin("nobody")}/`, 404),
  ];
}

function guestPages({ guest, open, expired, used, team, reset, confirmation }) {
  return [
    at("sign-in", guest, "/sign-in"),
    refused("sign-in, refused", guest, "/sign-in", "Sign in"),
    at("forgot password", guest, "/forgot"),
    refused("forgot password, refused", guest, "/forgot", "Email me a link", { Email: "nobody" }),
    at("reset is mailed", guest, "/forgot/sent"),
    at("reset", guest, reset),
    refused("reset, refused", guest, reset, "Set new password", { "New password": "short" }),
    at("invitation", guest, open),
    refused("invitation, refused", guest, open, "Create my account", { "Choose a password": "short" }),
    at("invitation to the team", guest, team),
    at("invitation, expired", guest, expired, 410),
    at("invitation, used", guest, used, 410),
    at("invitation is mailed again", guest, "/invite/sent"),
    at("address confirmed before", guest, confirmation, 410),
    at("no such link", guest, "/invite/nothing", 404),
    at("help", guest, "/help"),
    at("accessibility", guest, "/accessibility"),
    at("privacy", guest, "/privacy"),
    at("nothing here", guest, "/nothing", 404),
  ];
}

function clientPages({ maya, portal }) {
  return [
    at("client home", maya, "/"),
    at("client progress", maya, `${portal}/progress`),
    at("client financials", maya, `${portal}/financials`),
    at("client activity", maya, "/activity"),
    at("client account", maya, "/account"),
    refused("client account, refused", maya, "/account", "Change password", { "New password": "short" }),
    at("client help", maya, "/help"),
    at("client, nothing here", maya, "/p/0198d3f0-0000-7000-8000-000000000000/progress", 404),
  ];
}

function officePages({ ruth, record, project }) {
  const person = async (name, path) => {
    await ruth.open(record);
    await ruth.part(name).unfold("Manage");
    await ruth.part(name).follow(path);
  };
  return [
    at("office today", ruth, "/office"),
    at("office clients", ruth, "/office/clients"),
    at("office clients, none fits", ruth, "/office/clients?q=nobody"),
    at("office new client", ruth, "/office/clients/new"),
    refused("office new client, refused", ruth, "/office/clients/new", "Add client"),
    at("office client", ruth, record),
    at("office client, problems", ruth, `${record}?mail=problems`),
    at("office client form", ruth, `${record}/edit`),
    at("office new person", ruth, `${record}/people/new`),
    refused("office new person, refused", ruth, `${record}/people/new`, "Add person", { Email: "nobody" }),
    page("office person", ruth, () => person("Maya Okafor", /^Edit/)),
    page("office rights", ruth, () => person("Maya Okafor", "Change rights")),
    at("office projects", ruth, "/office/projects"),
    at("office new project", ruth, "/office/projects/new"),
    refused("office new project, refused", ruth, "/office/projects/new", "Start the project"),
    at("office project", ruth, project),
    refused("office project, refused", ruth, project, "Save value", { "Value in US dollars": "12,34" }),
    at("office project form", ruth, `${project}/edit`),
    at("office phases", ruth, `${project}/phases`),
    at("office visibility", ruth, `${project}/visibility`),
    at("office mail", ruth, "/office/mail"),
    at("office mail, problems", ruth, "/office/mail?show=problems"),
    at("office branding", ruth, "/office/settings/branding"),
    at("office company", ruth, "/office/settings/organization"),
    at("office team", ruth, "/office/settings/team"),
    refused("office team, refused", ruth, "/office/settings/team", "Send invitation", { Email: "nobody" }),
    at("office account", ruth, "/office/account"),
    at("office, nothing here", ruth, "/office/nothing", 404),
  ];
}

function teamPages({ dana, luis, record, project }) {
  return [
    at("manager's today", dana, "/office"),
    at("manager's client", dana, record),
    at("manager's project", dana, project),
    at("manager's phases", dana, `${project}/phases`),
    at("crew's projects", luis, "/office/projects"),
    at("crew's project", luis, project),
    at("crew's phases", luis, `${project}/phases`),
    at("crew's account", luis, "/office/account"),
    at("crew, not for them", luis, record, 404),
  ];
}

function newPages({ nora }) {
  return [
    at("new office today", nora, "/office"),
    at("new office clients", nora, "/office/clients"),
    at("new office projects", nora, "/office/projects"),
    at("new office project", nora, "/office/projects/new"),
    at("new office mail", nora, "/office/mail"),
    at("new office team", nora, "/office/settings/team"),
  ];
}

async function visit(house, pages, brand) {
  for (const { name, person, come, status } of pages) {
    await come();
    const where = `${brand}, ${name}`;
    if (person.status !== status) findings.push(`${where}: status ${person.status}, not ${status}`);
    await checkSource(person, where);
    for (const scheme of SCHEMES) {
      await person.page.emulateMedia({ colorScheme: scheme });
      for (const width of [NARROW, COMPUTER]) await checkView(person, `${where}, ${scheme}, ${width}`, width);
      if (SCREENSHOTS && brand !== "platform" && MAIN.has(name)) await shoot(person, `${brand} ${name} ${scheme}`);
    }
  }
}

async function checkSource(person, where) {
  const size = Buffer.byteLength(await person.source);
  if (size > LARGEST_PAGE) findings.push(`${where}: ${size} bytes of HTML`);
  const { headings, ids, styles } = await person.page.evaluate(() => ({
    headings: document.querySelectorAll("h1").length,
    ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
    styles: document.querySelectorAll("[style]").length,
  }));
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (headings !== 1) findings.push(`${where}: ${headings} h1`);
  if (twice.length > 0) findings.push(`${where}: ids that stand twice: ${twice.join(" ")}`);
  if (styles > 0) findings.push(`${where}: ${styles} style attributes`);
}

async function checkView(person, where, width) {
  await person.page.setViewportSize({ width, height: 900 });
  const wide = await person.page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) findings.push(`${where}: ${wide} px wide`);
  const { violations } = await new AxeBuilder({ page: person.page }).setLegacyMode(true).withTags(RULES).analyze();
  for (const { id, nodes } of violations) {
    const places = nodes.slice(0, 3).map(({ html, failureSummary }) => `    ${html}\n    ${failureSummary}`);
    findings.push(`${where}: axe ${id}, ${nodes.length} times\n${places.join("\n")}`);
  }
}

async function shoot(person, name) {
  await mkdir(SCREENSHOTS, { recursive: true });
  for (const width of [PHONE, COMPUTER]) {
    await person.page.setViewportSize({ width, height: 900 });
    const file = `${name} ${width}.png`.replaceAll(" ", "-");
    await person.page.screenshot({ path: join(SCREENSHOTS, file), fullPage: true });
  }
}

/** Signing in without a mouse; and on the main pages everything can be reached, and is seen where it is. */
async function keyboard(stage, { alder, maya, ruth, record }) {
  const typist = await Person.enter(stage, "Maya at the keyboard", alder.home);
  const { keyboard } = typist.page;
  await typist.open("/sign-in");
  await keyboard.press("Tab");
  assert.equal((await focused(typist)).text, "Skip to main content");
  await keyboard.press("Enter");
  assert.ok((await typist.page.evaluate(() => document.activeElement.id)) === "main", "the skip link leads to the content");
  await tabTo(typist, "Email");
  await keyboard.type(maya.email);
  await tabTo(typist, "Password");
  await keyboard.type(deeds.PASSWORD);
  await typist.leads(() => keyboard.press("Enter"));
  assert.equal(typist.path, "/");

  for (const width of [PHONE, COMPUTER]) {
    for (const [person, path] of [
      [typist, "/"],
      [typist, "/account"],
      [ruth, "/office"],
      [ruth, record],
    ]) {
      await person.page.setViewportSize({ width, height: 844 });
      await person.open(path);
      await walk(person, `keyboard, ${path}, ${width}`);
    }
  }
  await typist.leave();
}

/** What has the focus, and whether people see it. */
const focused = (person) =>
  person.page.evaluate(() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const label = element.labels?.[0]?.textContent;
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    const { left, top, width, height } = element.getBoundingClientRect();
    const over = document.elementFromPoint(left + width / 2, top + height / 2);
    const isOnTop = over !== null && (element.contains(over) || over.contains(element) || over.closest("label")?.control === element);
    return {
      text: (label ?? element.getAttribute("aria-label") ?? element.textContent).trim().replace(/\s+/g, " "),
      isMarked: (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none",
      isOnTop,
    };
  });

async function tabTo(person, text) {
  for (let step = 0; step < MOST_TABS; step += 1) {
    await person.page.keyboard.press("Tab");
    if ((await focused(person))?.text.startsWith(text)) return;
  }
  assert.fail(`${text} cannot be reached by Tab`);
}

/** Goes through a page by Tab until it begins anew. */
async function walk(person, where) {
  for (let step = 0; step < MOST_TABS; step += 1) {
    await person.page.keyboard.press("Tab");
    const focus = await focused(person);
    if (!focus) return;
    if (!focus.isMarked) findings.push(`${where}: the focus on “${focus.text}” cannot be seen`);
    if (!focus.isOnTop) findings.push(`${where}: “${focus.text}” lies below something while it has the focus`);
  }
}
