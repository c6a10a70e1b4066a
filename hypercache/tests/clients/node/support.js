'use strict';
// What the suites share: addresses from the environment, which scripts/compat.sh sets, and waiting for a state.

const assert = require('node:assert/strict');
const { setTimeout: pause } = require('node:timers/promises');

/** Host and port from an environment variable. */
function address(variable) {
  const value = process.env[variable] ?? '';
  const colon = value.lastIndexOf(':');
  assert.ok(colon > 0, `${variable} is no address: '${value}'`);
  return { host: value.slice(0, colon), port: Number(value.slice(colon + 1)) };
}

/** Waits until the function gives something true, and gives that back. */
async function eventually(why, state) {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await state();
    if (found) return found;
    assert.ok(Date.now() < deadline, `waited for ${why}`);
    await pause(10);
  }
}

/** The fields of a line of CLIENT INFO or CLIENT LIST. */
function fields(line) {
  return Object.fromEntries(line.trim().split(' ').map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)]));
}

/** Every byte there is. */
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

const password = process.env.COMPAT_PASSWORD;

module.exports = { address, eventually, everyByte, fields, password };
