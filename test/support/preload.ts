/** Loaded before the tests (`npm test`), by the runner and by the process of each file: both take less time. */
import asyncHooks from 'node:async_hooks';
import module from 'node:module';
import path from 'node:path';

// Processes that tests start inherit the folder.
process.env.NODE_COMPILE_CACHE ??= path.resolve('node_modules/.cache/node');
module.enableCompileCache(process.env.NODE_COMPILE_CACHE);

// `node:test` follows every promise, to find the test that caused an error outside of any `await`. A cluster in memory makes so many promises
// that this takes a sixth of the time of all tests. Without it such an error still fails its file, with its stack.
const { createHook } = asyncHooks;
asyncHooks.createHook = (callbacks) => createHook({ ...callbacks, trackPromises: false });
