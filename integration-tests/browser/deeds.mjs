// What people do, page by page, as the story and the survey of pages both need it.

import assert from "node:assert/strict";
import { ZONE, eventually, link, mails, origin } from "./lib.mjs";

export const PASSWORD = "a kettle on the porch";

/** A contractor; `mark` sets its words apart from those of every other. */
export function contractor(name, slug, { colors, mark }) {
  return {
    name,
    slug,
    colors,
    mark,
    home: origin(slug),
    welcome: `Welcome to the ${mark} house. We look forward to building with you.`,
    phone: "(503) 555-0142",
    email: `office@${slug}.example`,
    website: `https://${mark}.example`,
    address: "410 SE Stark Street, Portland, OR 97214",
  };
}

/** Signs up at the base domain, as far as the new office; the address is not confirmed yet. */
export async function signUp(owner, company) {
  await owner.open(origin(""));
  await owner.fill({
    "Company name": company.name,
    "Your portal’s address": company.slug,
    "Your name": owner.name,
    "Your email": owner.email,
    "Choose a password": PASSWORD,
  });
  await owner.choose({ "Time zone": "Pacific time (Los Angeles)" });
  await owner.press("Start my portal");
  await owner.sees("Your portal is ready", `${company.slug}.localhost`);
  await owner.press("Open my portal");
  assert.equal(owner.page.url(), `${company.home}/office`);
}

export async function confirmAddress(owner) {
  const mail = await mails.next(owner.email, "Confirm your email address");
  await owner.open(link(mail, "/confirm/"));
  await owner.press(`Confirm ${owner.email}`);
  await owner.sees("Your email address is confirmed.");
}

export async function saveColors(owner, [primary, secondary, accent]) {
  await owner.open("/office/settings/branding");
  await owner.fill({ Primary: primary, Secondary: secondary, Accent: accent });
  await owner.press("Save colors");
}

export async function saveCompany(owner, { phone, email, website, address, welcome }) {
  await owner.open("/office/settings/organization");
  await owner.fill({ Phone: phone, Email: email, Website: website, Address: address, "Welcome text": welcome });
  await owner.press("Save company");
}

/** Invites somebody to the team, who accepts in a browser of their own. */
export async function joinTeam(owner, member, role) {
  await owner.open("/office/settings/team");
  await owner.fill({ Name: member.name, Email: member.email });
  await owner.pick("Role", role);
  await owner.press("Send invitation");
  await owner.sees(member.name, "Invited");

  const mail = await mails.next(member.email, "Join the team");
  await member.open(link(mail, "/invite/"));
  await member.fill({ "Choose a password": PASSWORD });
  await member.press("Create my account");
  assert.match(member.path, /^\/office/);
}

/** Adds a client record and gives its path. */
export async function addClient(owner, { name, phone, status, source, tags, notes, address, secondAddress }) {
  await owner.go("Clients");
  await owner.follow("Add a client");
  await owner.fill({ Name: name, Phone: phone, "How they came": source, Tags: tags, Notes: notes });
  await owner.choose({ Status: status });
  await owner.fill(address);
  if (secondAddress) {
    const second = await owner.unfold("Second address");
    await second.fill(secondAddress);
  }
  await owner.press("Add client");
  return owner.path;
}

export async function addPerson(owner, record, { name, email, phone, relation, isMain }) {
  await owner.open(record);
  await owner.follow("Add a person");
  await owner.fill({ Name: name, Email: email, Phone: phone, Relation: relation });
  if (isMain) await owner.tick("Main contact");
  await owner.press("Add person");
}

/** Fills the form that gives a person of a client record a sign-in, and sends the invitation. */
export async function giveAccess(owner, record, { name, email, again = email, rights, frequency = "Right away" }) {
  await owner.open(record);
  await owner.part(name).follow("Enable portal access");
  await owner.fill({ Email: email, "Email again": again });
  await owner.untick("See money", "Approve", "Pay", "Write to you");
  await owner.tick(...rights);
  await owner.pick("How often we mail", frequency);
  await owner.press("Send the invitation");
}

/** Opens the invitation and sets a password. */
export async function accept(client, mail, { zone, frequency }) {
  await client.open(link(mail, "/invite/"));
  await client.fill({ "Choose a password": PASSWORD });
  await client.choose({ "Your time zone": zone });
  await client.pick("How often should we mail you?", frequency);
  await client.press("Create my account");
  assert.equal(client.path, "/");
}

/** Ends a person's access, behind the question whether that is meant. */
export async function endAccess(owner, name) {
  const person = owner.part(name);
  await person.unfold("Manage");
  await person.unfold("End access");
  await person.press("End access of");
}

/** Starts a project and gives its path. */
export async function startProject(owner, { client, name, type, template, manager, crew, address, map, start }) {
  await owner.go("Projects");
  await owner.follow("Start a project");
  await owner.choose({ Client: client, Type: type, "Project manager": manager });
  await owner.fill({ Name: name, Start: day(start), ...address, ...map });
  await owner.pick("Phases to start from", template);
  await owner.tick(...crew);
  await owner.press("Start the project");
  return owner.path;
}

/** A time's day where the houses are, as a date field takes it. */
const day = (time) => new Intl.DateTimeFormat("en-CA", { timeZone: ZONE }).format(time);

export async function setValue(owner, project, value) {
  await owner.open(project);
  await owner.fill({ "Value in US dollars": value });
  await owner.press("Save value");
}

/** Sets what clients see of a project, such as { Schedule: "Hide" }. */
export async function show(owner, project, settings) {
  await owner.open(`${project}/visibility`);
  for (const [setting, choice] of Object.entries(settings)) await owner.pick(setting, choice);
  await owner.press("Save changes");
}

/** Sets how far a phase is: by its button where there is one, else in its form. */
export async function moveTo(manager, project, phase, percent) {
  await manager.open(`${project}/phases`);
  if (percent % 25 === 0) {
    await manager.press(`${phase}: ${percent}%`);
  } else {
    await manager.follow(`Dates, milestone and name of ${phase}`);
    await manager.fill({ "Progress in percent": String(percent) });
    await manager.press("Save phase");
  }
}

/** How long many photos may take to be prepared. */
const PHOTO_PATIENCE = 120_000;

/** Fills the form for more photos without sending it. */
export async function choosePhotos(member, project, files, { caption = "", ...choices } = {}) {
  await member.open(`${project}/photos`);
  const isOpen = await member.fold("Add photos").field("Photos").isVisible();
  const panel = isOpen ? member.fold("Add photos") : await member.unfold("Add photos");
  await panel.choose(choices);
  await panel.fill({ "Caption for all of them": caption });
  await panel.field("Photos").setInputFiles(files);
}

/** Sends the form for more photos: a script stays on the page, and shows how far each file is. */
export async function sendPhotos(member) {
  if (!member.hasScripts) {
    await member.press("Add photos");
    return;
  }
  // all that is said from now on: a small file is there before anybody looks
  const said = await member.page.locator("[data-said]").evaluateHandle((element) => {
    const texts = [];
    const listen = () => texts.push(element.textContent);
    new MutationObserver(listen).observe(element, { childList: true, characterData: true, subtree: true });
    return texts;
  });
  await member.control("button", "Add photos").click();
  await eventually("how many are to upload is told", async () => {
    return (await said.jsonValue()).some((text) => text.includes("to upload"));
  });
}

/** Waits until every file has become a photo or was refused, and opens the photos anew. */
export async function photosSettled(member, project) {
  const settled = async () => {
    if (member.hasScripts) {
      const said = await member.page.locator("[data-said]").innerText();
      return /ready|not added/.test(said) && !/to upload|being prepared/.test(said);
    }
    await member.open(`${project}/photos`);
    return !(await member.words()).includes("being prepared");
  };
  await eventually("every file is a photo or refused", settled, PHOTO_PATIENCE);
  await member.open(`${project}/photos`);
}

export async function addPhotos(member, project, files, about) {
  await choosePhotos(member, project, files, about);
  await sendPhotos(member);
  await photosSettled(member, project);
}

/** The photos of a page whose words begin or end so: "9:05 am" where nobody has said yet what they show. */
export function photosOf(member, words) {
  const { page } = member;
  const shows = page.locator(`img[alt^="${words}"], img[alt$="${words}"]`);
  return page.getByRole("listitem").filter({ has: shows });
}

/** Selects photos by how their words begin or end. */
export async function selectPhotos(member, ...words) {
  for (const text of words) {
    for (const photo of await photosOf(member, text).all()) await photo.getByRole("checkbox").check();
  }
}

/** The ids of the photos of a page by how their words begin or end. */
export function idsOf(member, words) {
  const boxes = photosOf(member, words).locator("input[name=id]");
  return boxes.evaluateAll((found) => found.map(({ value }) => value));
}

/** Says of several photos at once what they show, where they belong and who sees them. */
export async function sortPhotos(member, project, words, { caption = "", ...choices }) {
  await member.open(`${project}/photos`);
  await selectPhotos(member, ...words);
  await member.fill({ "Caption for the selected": caption });
  await member.choose(choices);
  await member.press("Change the selected");
}

export async function saveLogo(owner, logo) {
  await owner.open("/office/settings/branding");
  await owner.field("Your logo").setInputFiles(logo);
  await owner.press("Save logo");
  await owner.sees("Your logo is saved.");
}
