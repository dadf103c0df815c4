// A skill that uses everything `mycelium` declares, as it is meant to be used.
import { assets, call, config, context, kv, log, progress, settings, signal, skill } from 'mycelium';
import type { HostError, Json, Transaction } from 'mycelium';

interface Entry {
  count: number;
}

async function add(tx: Transaction, word: string): Promise<number> {
  const before = await tx.get<Entry>(`word/${word}`);
  const count = (before?.count ?? 0) + 1;
  tx.set(`word/${word}`, { count });
  if (await tx.has('old')) tx.delete('old');
  return count;
}

export async function count(words: string[]): Promise<Json> {
  log.info('counting', { words: words.length, trace: context.trace, step: config.step });
  const totals: number[] = [];
  for (const [index, word] of words.entries()) {
    signal.throwIfAborted();
    progress(index, words.length, word);
    totals.push(await kv.transaction((tx) => add(tx, word)));
  }
  try {
    await kv.set('last', totals);
    const checked = await call<string[]>('lint@^1', 'check', { words }, { timeoutSeconds: 5 });
    log.debug(checked.join());
  } catch (error) {
    const { code, transient } = error as HostError;
    log.warn(code, { transient });
  }
  const stop: string[] = await assets.json('stop.json');
  const bytes: Uint8Array = await assets.read('stop.json');
  const keys = await kv.list('word/', { after: 'word/a', limit: 10 });
  return [skill.name, context.agent?.name ?? null, context.roots?.length ?? 0, stop.length, bytes.length, keys, settings.step ?? null];
}
