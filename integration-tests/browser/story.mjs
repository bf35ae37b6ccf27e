// The story of two contractors, from sign-up to what their clients see, in four runs on one platform: on a phone and on a
// computer, with and without scripts.

import { invitation, passwords, spouse, whyNot } from "./acts/access.mjs";
import { record, signUps } from "./acts/office.mjs";
import { album, photos } from "./acts/photos.mjs";
import { apart, crew, hiding, milestones } from "./acts/sharing.mjs";
import { cast } from "./cast.mjs";
import { COMPUTER, PHONE, Stage, clock, counted, launch, tally } from "./lib.mjs";

const RUNS = [
  { name: "390js", width: PHONE, scripts: true },
  { name: "390plain", width: PHONE, scripts: false },
  { name: "1280js", width: COMPUTER, scripts: true },
  { name: "1280plain", width: COMPUTER, scripts: false },
];

const browser = await launch();
try {
  const only = process.argv.slice(2);
  const runs = RUNS.filter(({ name }) => only.length === 0 || only.includes(name));
  for (const run of runs) await tell(run);
  const different = (key) => [...new Set(runs.map((run) => run[key]))];
  const scripts = different("scripts").map((scripts) => (scripts ? "with scripts" : "without scripts"));
  counted("story.without_scripts", `${different("width").join(" and ")} px, ${scripts.join(" and ")}`);
  counted("uploads.hostile", `${tally.downloads} downloads of the story tell neither where nor with which camera they were taken`);
  counted("links.scanned", `invitations asked for ${tally.looks} times by GET and HEAD before they are used`);
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
  const before = [signUps, record, invitation, passwords, spouse];
  const after = [crew, milestones, photos, album, hiding, whyNot, apart];
  for (const act of [...before, ...after]) await act(stage, story);
  await stage.end();
}
