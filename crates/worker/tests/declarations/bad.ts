// Every statement is a mistake that a compiler should find.
import { assets, call, config, context, kv, log, progress } from 'mycelium';

kv.set('a');
kv.get(1);
kv.transaction(1);
kv.list({ limit: 1 });
context.call = 'x';
config.color = 'blue';
log.trace('a');
progress('half');
call('lint', 'check', 'text');
assets.write('a');
