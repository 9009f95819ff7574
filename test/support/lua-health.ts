/**
 * Health checks in Lua as Argo CD runs them: the object is the global `obj`, the script returns a table with `status` and `message`, and of
 * Lua's libraries only base, table and package are there. The interpreter is Lua 5.1, the version of Argo CD's own.
 */
import { Lua } from 'wasmoon-lua5.1';
import type { KubeObject } from '#model/kube-object';

export interface LuaHealth {
  readonly status: string;
  readonly message: string;
}

export type LuaCheck = (obj: KubeObject) => LuaHealth;

/** Argo CD opens none of these, and without `string` a string has no methods. */
const WITHOUT_LIBRARIES = 'string, math, io, os, debug, coroutine = nil; getmetatable("").__index = nil';

/** Returns what runs a script, which must be valid Lua. */
export async function luaCheck(script: string): Promise<LuaCheck> {
  const lua = await Lua.create();
  lua.doStringSync(WITHOUT_LIBRARIES);
  lua.doStringSync(`function health()\n${script}\nend`);
  return (obj) => {
    // As text: the interpreter's own way of converting an object takes longer than Argo CD gives a script.
    const answer = lua.doStringSync(`obj = ${literal(obj)}; local hs = health(); return hs.status .. "\\n" .. hs.message`);
    const [status = '', ...message] = String(answer).split('\n');
    return { status, message: message.join('\n') };
  };
}

/** Returns a value as a Lua expression. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (Array.isArray(value)) return `{${value.map(literal).join(', ')}}`;
  if (typeof value === 'object') return `{${Object.entries(value).map(([key, v]) => `[${quoted(key)}] = ${literal(v)}`)}}`;
  return typeof value === 'string' ? quoted(value) : String(value);
}

function quoted(text: string): string {
  return `"${text.replace(/[^ !#-[\]-~]/gu, (c) => [...Buffer.from(c)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join(''))}"`;
}
