// Photos as phones send them, and files that are none.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ZONE, clock, setting } from "./lib.mjs";

const FOLDER = setting("PICTURES");
const HEIC = new URL("../../services/documents/decoder/tests/fixtures/corners.heic", import.meta.url);

/** Stands in the metadata of every photo and must never come out again. */
export const SERIAL = "SERIAL-CANARY";

/** A photo of 12 megapixels, taken on end; `taken` is a day and a time where the house is, such as "2026-11-24 09:05". */
export const large = (taken) => photo("large.jpg", taken);

/** A small one. */
export const small = (taken) => photo("small.jpg", taken);

/** A photo in the format of iPhones. */
export const heic = async () => file("IMG_0042.heic", "image/heic", await readFile(HEIC));

/** A picture of somebody's screen. */
export const screenshot = async (person) => file("Screenshot.png", "image/png", await person.page.screenshot());

/** A letter that is called a photo. */
export const letter = () => file("notes.jpg", "image/jpeg", Buffer.from("Call the plumber about the sink wall."));

/** A logo of two shapes. */
export const logo = () =>
  file(
    "logo.svg",
    "image/svg+xml",
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40"><rect width="40" height="40" fill="#1f5b4b"/><path d="M10 30 20 10l10 20zM50 14h60v12H50z" fill="#c9a77c"/></svg>`,
    ),
  );

/** The day so many days ago where the houses are, as "2026-11-24". */
export async function dayAgo(days) {
  const time = (await clock.now()).getTime() - days * 24 * 60 * 60 * 1000;
  return new Intl.DateTimeFormat("en-CA", { timeZone: ZONE }).format(time);
}

/** A day as galleries have it: "Tuesday, November 24", with its year where it is not this one. */
export async function longDay(day) {
  const [year, today] = [day.slice(0, 4), await dayAgo(0)];
  const parts = { weekday: "long", month: "long", day: "numeric", timeZone: "UTC" };
  if (!today.startsWith(year)) parts.year = "numeric";
  return new Intl.DateTimeFormat("en-US", parts).format(new Date(`${day}T12:00:00Z`));
}

const file = (name, mimeType, buffer) => ({ name, mimeType, buffer });

async function photo(source, taken) {
  const jpeg = await readFile(join(FOLDER, source));
  const name = `IMG_${taken.replace(/\D+/g, "_")}.jpg`;
  const content = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), metadata(taken)]);
  const marker = Buffer.from([0xff, 0xe1, 0, 0]);
  marker.writeUInt16BE(content.length + 2, 2);
  // behind the two bytes with which every JPEG begins
  return file(name, "image/jpeg", Buffer.concat([jpeg.subarray(0, 2), marker, content, jpeg.subarray(2)]));
}

/** What a phone writes into a photo (Exif 2.32): held on end, when, where and by which camera. */
function metadata(taken) {
  const time = `${taken.replaceAll("-", ":")}:00`;
  const first = 8;
  const main = (camera, place) =>
    directory(first, [short(0x0112, 6), long(0x8769, camera), long(0x8825, place)]);
  const camera = first + main(0, 0).length;
  const ofCamera = directory(camera, [ascii(0x9003, time), ascii(0xa431, SERIAL)]);
  const place = camera + ofCamera.length;
  const ofPlace = directory(place, [ascii(1, "N"), degrees(2, 45, 31), ascii(3, "W"), degrees(4, 122, 40)]);
  const head = Buffer.from("MM\0*\0\0\0\b", "latin1");
  return Buffer.concat([head, main(camera, place), ofCamera, ofPlace]);
}

/** Entries that stand at an offset, and behind them the values that are too long for an entry. */
function directory(offset, entries) {
  const head = Buffer.alloc(2 + 12 * entries.length + 4);
  head.writeUInt16BE(entries.length);
  const values = [];
  let end = offset + head.length;
  for (const [index, { tag, type, count, value }] of entries.entries()) {
    const at = 2 + 12 * index;
    head.writeUInt16BE(tag, at);
    head.writeUInt16BE(type, at + 2);
    head.writeUInt32BE(count, at + 4);
    if (value.length <= 4) {
      value.copy(head, at + 8);
    } else {
      head.writeUInt32BE(end, at + 8);
      values.push(value);
      end += value.length;
    }
  }
  return Buffer.concat([head, ...values]);
}

function ascii(tag, text) {
  const value = Buffer.from(`${text}\0`, "latin1");
  return { tag, type: 2, count: value.length, value };
}

function short(tag, number) {
  const value = Buffer.alloc(2);
  value.writeUInt16BE(number);
  return { tag, type: 3, count: 1, value };
}

function long(tag, number) {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(number);
  return { tag, type: 4, count: 1, value };
}

/** Degrees, minutes and no seconds, each a fraction. */
function degrees(tag, whole, minutes) {
  const value = Buffer.alloc(24);
  [whole, 1, minutes, 1, 0, 1].forEach((number, index) => value.writeUInt32BE(number, 4 * index));
  return { tag, type: 5, count: 3, value };
}
