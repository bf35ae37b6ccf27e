// How Lighthouse scores the main pages on a phone.

import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";
import { CHROMIUM, CHROMIUM_FLAGS, counted } from "./lib.mjs";

/** The least points of each kind, of 100. */
const LEAST = { performance: 95, accessibility: 100, "best-practices": 100 };
/** A machine that has something else to do is slow once, and not each time. */
const TRIES = 3;

/** Scores five pages, none of which is made of the tests' own grainy pictures, which no photo is as heavy as, in a browser that has seen none of them; gives what has too few points, and why. */
export async function checkScores({ alder, guest, maya, portal, ruth }) {
  const pages = [
    ["sign-in", guest, "/sign-in"],
    ["client home", maya, "/"],
    ["client progress", maya, `${portal}/progress`],
    ["client financials", maya, `${portal}/financials`],
    ["office today", ruth, "/office"],
  ];
  const chromium = await launch({ chromePath: CHROMIUM, chromeFlags: [...CHROMIUM_FLAGS, "--headless=new"] });
  try {
    const findings = [];
    for (const [name, person, path] of pages) {
      const address = new URL(path, alder.home).href;
      findings.push(...(await missing(name, address, await session(person), chromium.port)));
    }
    counted("pages.lighthouse", `${pages.length} pages`);
    return findings;
  } finally {
    await chromium.kill();
  }
}

/** What a page has too few points of: of the first try that lacks none, or of the last one. */
async function missing(name, address, cookie, port) {
  let lacks = [];
  for (let tries = 0; tries < TRIES; tries += 1) {
    lacks = await score(name, address, cookie, port);
    if (lacks.length === 0) break;
    for (const lack of lacks) console.log(lack);
  }
  return lacks;
}

async function score(name, address, cookie, port) {
  const options = { port, onlyCategories: Object.keys(LEAST), extraHeaders: { cookie }, logLevel: "error" };
  const { lhr } = await lighthouse(address, options);
  const points = Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(100 * score)]);
  console.log(`lighthouse, ${name}: ${points.map((pair) => pair.join(" ")).join(", ")}`);
  const few = points.filter(([kind, points]) => !(points >= LEAST[kind]));
  const lacks = few.map(([kind, points]) => {
    const audits = lhr.categories[kind].auditRefs.map(({ id }) => lhr.audits[id]);
    const lost = audits.filter(({ score }) => score !== null && score < 1);
    const reasons = lost.map(({ title, displayValue = "", details }) => `    ${title} ${displayValue}${places(details)}`);
    return `lighthouse, ${name}: ${kind} ${points}, not ${LEAST[kind]}\n${reasons.join("\n")}`;
  });
  if (lhr.runtimeError) lacks.push(`lighthouse, ${name}: ${lhr.runtimeError.message}`);
  return lacks;
}

/** The first elements or files that an audit names. */
function places({ items = [] } = {}) {
  const named = [items].flat().map(({ node, url }) => node?.selector ?? url);
  return named.filter(Boolean).slice(0, 3).map((place) => `\n        ${place}`).join("");
}

/** What the browser of this person sends with each request. */
async function session(person) {
  const cookies = await person.page.context().cookies();
  return cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
}
