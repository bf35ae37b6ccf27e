// Every page in three brands, light and dark, on a narrow phone and a computer: can everybody read and use it, and does
// it keep to what pages may do?

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import * as deeds from "./deeds.mjs";
import { furnish } from "./house.mjs";
import { checkKeyboard } from "./keyboard.mjs";
import { COMPUTER, PHONE, Stage, counted, eventually, launch, origin } from "./lib.mjs";
import { checkScores } from "./lighthouse.mjs";
import * as pictures from "./pictures.mjs";

const BRANDS = {
  spruce: ["#1f5b4b", "#c9a77c", "#b8572f"],
  blue: ["#2f5bea", "#0f1f3d", "#e08a1e"],
  pale: ["#fff1a8", "#d8e2dc", "#f4a9a8"],
};
const RULES = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] };
/** What another brand and another scheme can change. */
const RULES_ON_COLOR = { type: "rule", values: ["color-contrast", "link-in-text-block"] };
/** No style sheet is fetched again, and nothing but what is wrong is told. */
const AXE = { preload: false, resultTypes: ["violations"] };
const PLATFORM = "platform";
const FIRST_BRAND = "spruce";
const SCHEMES = ["light", "dark"];
const NARROW = 320;
const LARGEST_PAGE = 40 * 1024;
const SCREENSHOTS = process.env.SCREENSHOTS;
const UPLOADS = "**/photos/upload?*";

/** The pages that are worth a look by people. */
const MAIN = new Set([
  "sign-in",
  "invitation",
  "client home",
  "client progress",
  "client photos",
  "client photo",
  "client financials",
  "client activity",
  "client account",
  "office today",
  "office client",
  "office phases",
  "office visibility",
  "office branding",
  "office photos",
  "office photos, adding",
  "office photo",
]);

const findings = [];
/** Every view of a page that was checked. */
const looks = [];
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
  await stage.step("the keyboard alone", async () => {
    findings.push(...(await checkKeyboard(stage, house)));
  });
  await stage.step("five pages in Lighthouse", async () => {
    findings.push(...(await checkScores(house)));
  });
  await stage.step("pages of the platform", () => visit(house, platformPages(house), PLATFORM));
  for (const [brand, colors] of Object.entries(BRANDS)) {
    await deeds.saveColors(house.ruth, colors);
    // each of these has people of its own, so that they can go on beside each other
    const visits = [guestPages, clientPages, officePages, teamPages, newPages].map((pages) => pages(house));
    const count = visits.flat().length;
    await stage.step(`${count} pages in ${brand}`, () =>
      Promise.all(visits.map((pages) => visit(house, pages, brand))),
    );
  }
  tell();
  await stage.end();
}

/** Says how much was looked at. */
function tell() {
  const different = (key, from = looks) => [...new Set(from.map((look) => look[key]))];
  const branded = looks.filter(({ brand }) => brand !== PLATFORM);
  const platform = looks.filter(({ brand }) => brand === PLATFORM);
  const pages = `${different("name", branded).length} pages in ${different("brand", branded).length} brands`;
  const views = `${different("scheme").length} schemes, ${different("width").join(" and ")} px`;
  counted("pages.accessible", `${pages} and ${different("name", platform).length} of the platform, ${views}`);
}

/** A page: its name, who looks, how they come there, and the status. */
function page(name, person, come, status = 200) {
  return { name, person, come, status };
}

function at(name, person, path, status = 200) {
  return page(name, person, () => person.open(path), status);
}

/** A form that is sent as no browser would let it be sent, so that its page comes back with every error. */
function refused(name, person, path, button, fields = {}) {
  const come = async () => {
    await person.open(path);
    await person.page.evaluate(() => [...document.forms].forEach((form) => (form.noValidate = true)));
    await person.fill(fields);
    await person.press(button);
  };
  return page(name, person, come, 422);
}

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

function clientPages({ maya, portal, photo, withoutPhotos }) {
  const gallery = `${portal}/photos`;
  const from = (path, link) => async () => {
    await maya.open(path);
    await maya.follow(link);
  };
  return [
    at("client home", maya, "/"),
    at("client progress", maya, `${portal}/progress`),
    at("client photos", maya, gallery),
    page("client photos, older", maya, from(gallery, "Older photos")),
    page("client photos of a phase", maya, from(gallery, "Demolition")),
    at("client photos, none", maya, `${gallery}?phase=${withoutPhotos}`),
    at("client photo", maya, `${gallery}/${photo}`),
    at("client photo, nothing here", maya, `${gallery}/0198d3f0-0000-7000-8000-000000000000`, 404),
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
    at("office import", ruth, "/office/clients/import"),
    refused("office import, refused", ruth, "/office/clients/import", "Check the table", {
      Table: "name,person,email\nLena Holt,Lena Holt,nobody",
    }),
    page("office import, to check", ruth, async () => {
      await ruth.open("/office/clients/import");
      await ruth.fill({ Table: "name,person,email\nLena Holt,Lena Holt,lena@holt.example" });
      await ruth.press("Check the table");
    }),
    at("office client form", ruth, `${record}/edit`),
    at("office new person", ruth, `${record}/people/new`),
    refused("office new person, refused", ruth, `${record}/people/new`, "Add person", { Email: "nobody" }),
    page("office person", ruth, () => person("Maya Okafor", "Edit")),
    page("office rights", ruth, () => person("Maya Okafor", "Change rights")),
    at("office projects", ruth, "/office/projects"),
    at("office new project", ruth, "/office/projects/new"),
    refused("office new project, refused", ruth, "/office/projects/new", "Start the project"),
    at("office project", ruth, project),
    refused("office project, refused", ruth, project, "Save value", { "Value in US dollars": "12,34" }),
    at("office project form", ruth, `${project}/edit`),
    at("office phases", ruth, `${project}/phases`),
    page("office phase", ruth, async () => {
      await ruth.open(`${project}/phases`);
      await ruth.follow("Dates, milestone and name of Demolition");
    }),
    at("office visibility", ruth, `${project}/visibility`),
    page("office visibility, not saved", ruth, async () => {
      await ruth.open(`${project}/visibility`);
      await ruth.pick("Schedule", "Hide");
      await ruth.press("Check what changes");
    }),
    at("office mail", ruth, "/office/mail"),
    at("office mail, problems", ruth, "/office/mail?show=problems"),
    at("office branding", ruth, "/office/settings/branding"),
    page("office branding, not saved", ruth, async () => {
      await ruth.open("/office/settings/branding");
      await ruth.fill({ Primary: "#8a1538" });
      await ruth.press("Update preview");
    }),
    at("office company", ruth, "/office/settings/organization"),
    at("office team", ruth, "/office/settings/team"),
    refused("office team, refused", ruth, "/office/settings/team", "Send invitation", { Email: "nobody" }),
    at("office account", ruth, "/office/account"),
    at("office, nothing here", ruth, "/office/nothing", 404),
  ];
}

function teamPages({ dana, luis, record, project, photo }) {
  const tab = `${project}/photos`;
  const internal = { "Who sees them": "Internal: only your team" };
  const adding = async () => {
    // nothing comes of them: their rows stay as they are
    await dana.page.route(UPLOADS, () => {});
    const text = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("Call the plumber.") };
    const small = await pictures.small(`${await pictures.dayAgo(0)} 08:00`);
    await deeds.choosePhotos(dana, project, [small, text], internal);
    await deeds.sendPhotos(dana);
    await dana.page.getByText("It is not a photo.").waitFor();
  };
  const preparing = async () => {
    await dana.page.unroute(UPLOADS);
    // a fast machine is done before the page is made
    await eventually("a page says what is being prepared", async () => {
      const large = await pictures.large(`${await pictures.dayAgo(0)} 08:05`);
      await deeds.choosePhotos(dana, project, [large, large, large], internal);
      await deeds.sendPhotos(dana);
      await dana.page.locator("[data-said]").filter({ hasNotText: "to upload" }).waitFor();
      await dana.open(tab);
      return (await dana.words()).includes("being prepared");
    });
  };
  const trashing = async () => {
    await dana.open(`${tab}?audience=shared`);
    await dana.page.getByRole("checkbox").first().check();
    await dana.press("Move to trash");
  };
  const restoring = async () => {
    await dana.open(`${tab}?trash=1`);
    await deeds.selectPhotos(dana, "Copper");
    await dana.press("Restore the selected");
  };
  return [
    at("manager's today", dana, "/office"),
    at("manager's client", dana, record),
    at("manager's project", dana, project),
    at("manager's phases", dana, `${project}/phases`),
    at("office photos", dana, tab),
    page("office photos, selected", dana, async () => {
      await dana.open(tab);
      await dana.page.getByRole("checkbox").first().check();
    }),
    page("office photos, not described", dana, async () => {
      await dana.open(`${tab}?audience=internal`);
      await dana.page.getByRole("checkbox").first().check();
      await dana.choose({ "Who sees them": "Shared with the client" });
      await dana.press("Change the selected");
    }, 422),
    page("office photos, adding", dana, adding),
    page("office photos, being prepared", dana, preparing),
    page("office photos, in the trash now", dana, trashing),
    at("office trash", dana, `${tab}?trash=1`),
    page("office trash, restored", dana, restoring),
    at("office photos, none", dana, `${tab}?audience=unmarked`),
    at("office photo", dana, `${tab}/${photo}`),
    refused("office photo, refused", dana, `${tab}/${photo}`, "Save photo", { Caption: "", "What it shows": "" }),
    at("crew's projects", luis, "/office/projects"),
    at("crew's project", luis, project),
    at("crew's phases", luis, `${project}/phases`),
    at("crew's photos", luis, tab),
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
  const isFirst = brand === FIRST_BRAND || brand === PLATFORM;
  for (const { name, person, come, status } of pages) {
    await come();
    const where = `${brand}, ${name}`;
    if (person.status !== status) findings.push(`${where}: status ${person.status}, not ${status}`);
    await checkSource(person, where);
    await person.page.evaluate(axe.source);
    for (const scheme of SCHEMES) {
      await person.page.emulateMedia({ colorScheme: scheme });
      const rules = isFirst && scheme === SCHEMES[0] ? RULES : RULES_ON_COLOR;
      for (const width of [NARROW, COMPUTER]) {
        await checkView(person, `${where}, ${scheme}, ${width}`, width, rules);
        looks.push({ brand, name, scheme, width });
      }
      if (SCREENSHOTS && brand !== PLATFORM && MAIN.has(name)) await shoot(person, `${brand} ${name} ${scheme}`);
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

async function checkView(person, where, width, runOnly) {
  await person.page.setViewportSize({ width, height: 900 });
  const wide = await person.page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) findings.push(`${where}: ${wide} px wide`);
  const { violations } = await person.page.evaluate((options) => window.axe.run(options), { ...AXE, runOnly });
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
