// Who plays in the story, and the words that it is told by.

import { contractor } from "./deeds.mjs";
import { Person } from "./lib.mjs";

/** What the kitchen costs, in dollars. */
export const VALUE = "86,400.00";
export const NEW_PASSWORD = "seven herons over the pond";
export const SHORT_PASSWORD = "too short";

/** Everybody, each with a browser, before anything has happened. */
export async function cast(stage) {
  const run = stage.name;
  const alder = contractor("Alder Builders", `alder${run}`, {
    colors: ["#1f5b4b", "#c9a77c", "#b8572f"],
    mark: `kingfisher${run}`,
  });
  const birch = contractor("Birch Design", `birch${run}`, {
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
