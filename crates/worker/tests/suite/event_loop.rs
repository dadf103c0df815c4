//! Timers, ticks and promises in Node's order.

use mycelium_worker::Engine;
use mycelium_worker::EngineOptions;

/// Each is the body of a function `(log, done)`; what is logged until `done` is compared. The order does not depend on
/// how fast the machine is.
const CASES: &[&str] = &[
    "setImmediate(() => { log('immediate'); setTimeout(() => { log('timeout'); done(); }, 1); }); process.nextTick(() => log('tick')); Promise.resolve().then(() => log('promise')); queueMicrotask(() => log('microtask')); log('sync');",
    "setImmediate(() => { log('a'); process.nextTick(() => log('tick a')); Promise.resolve().then(() => log('promise a')); }); setImmediate(() => { log('b'); setImmediate(() => { log('c'); done(); }); process.nextTick(() => log('tick b')); });",
    "for (const ms of [300, 100, 200, 100, 0, 1]) setTimeout(() => log(ms), ms); setTimeout(done, 400);",
    "process.nextTick(() => { log(1); process.nextTick(() => log(2)); Promise.resolve().then(() => { log(3); process.nextTick(() => log(4)); }); }); Promise.resolve().then(() => log(5)); setTimeout(done, 5);",
    "let n = 0; const timer = setInterval(() => { log(++n); if (n === 3) { clearInterval(timer); setTimeout(done, 5); } }, 2);",
    "const timer = setTimeout(() => log('never'), 1); clearTimeout(timer); const other = setTimeout(() => log('never'), 1); clearTimeout(+other); const third = setTimeout(() => log('never'), 1); clearTimeout(String(+third)); clearTimeout(undefined); clearTimeout({}); setTimeout(done, 10);",
    "const timer = setTimeout(() => { log('refreshed'); done(); }, 200); setTimeout(() => { timer.refresh(); log('refresh'); }, 100); setTimeout(() => log('between'), 210);",
    "const immediate = setImmediate(() => log('never')); clearImmediate(immediate); setImmediate((a, b) => { log(a + b); done(); }, 'x', 'y');",
    "setTimeout((...args) => { log(args.join()); done(); }, 1, 1, 2, 3);",
    "const timer = setTimeout(() => {}, 1); log(typeof +timer, timer.hasRef(), timer.unref() === timer, timer.hasRef(), timer.ref().hasRef()); log(timer.constructor.name, setImmediate(() => {}).constructor.name); timer.close(); done();",
    "setTimeout(() => { setImmediate(() => { log('inner immediate'); done(); }); process.nextTick(() => log('inner tick')); Promise.resolve().then(() => log('inner promise')); }, 1);",
    "(async () => { log('a'); await null; log('b'); await new Promise((r) => process.nextTick(r)); log('c'); await new Promise((r) => setImmediate(r)); log('d'); done(); })(); log('e');",
    "try { setTimeout('text') } catch (error) { log(error.code) } try { setImmediate() } catch (error) { log(error.code) } try { process.nextTick(1) } catch (error) { log(error.code) } try { queueMicrotask({}) } catch (error) { log(error.code) } done();",
    "setTimeout(() => { log('first'); Promise.resolve().then(() => log('between')); }, 3); setTimeout(() => { log('second'); done(); }, 3);",
    "setImmediate(() => { log('i1'); queueMicrotask(() => log('m1')); }); setImmediate(() => { log('i2'); done(); });",
    "const { setTimeout: sleep, setImmediate: soon, setInterval: every } = require('timers/promises'); (async () => { log(await sleep(1, 'slept')); log(await soon('soon')); let n = 0; for await (const value of every(1, 'every')) { log(value); if (++n === 3) break; } try { await sleep(1e6, null, { signal: AbortSignal.abort() }); } catch (error) { log(error.name, error.code); } done(); })();",
    "const { promisify } = require('util'); (async () => { log(await promisify(setTimeout)(1, 'a')); log(await promisify(setImmediate)('b')); done(); })();",
    "process.on('unhandledRejection', (reason, promise) => { log(reason, promise instanceof Promise); }); process.on('rejectionHandled', () => { log('handled late'); done(); }); const p = Promise.reject('r'); setTimeout(() => p.catch(() => {}), 5);",
    "process.once('uncaughtException', (error, origin) => { log(error.message, origin); process.nextTick(() => { throw new Error('again'); }); process.once('uncaughtException', (error) => { log(error.message); done(); }); }); setTimeout(() => { throw new Error('thrown'); }, 1);",
    "setTimeout(function () { log(this.constructor.name, arguments.length); done(); }, 1, 1);",
];

fn program() -> String {
    format!(
        "const cases = {};\nconst results = [];\nmodule.exports = async () => {{\n  for (const text of cases) {{\n    const logged = [];\n    await new Promise((done) => new Function('log', 'done', 'require', text)((...values) => logged.push(values.join(' ')), done, require));\n    results.push(logged.join(', '));\n    process.removeAllListeners('unhandledRejection');\n    process.removeAllListeners('rejectionHandled');\n  }}\n  return results;\n}};",
        serde_json::to_string(CASES).unwrap()
    )
}

#[test]
fn runs_tasks_in_nodes_order() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("cases.js"), program()).unwrap();
    fs_err::write(
        folder.path().join("start.js"),
        "require('./cases.js')().then((results) => console.log(JSON.stringify(results)));",
    )
    .unwrap();
    let expected = match super::reference::run(folder.path(), "start.js") {
        Ok(expected) => expected,
        Err(reason) => {
            super::reference::missing(&reason);
            return;
        }
    };
    let expected: Vec<String> = serde_json::from_str(&expected).unwrap();
    let mut engine = Engine::new(EngineOptions::default()).unwrap();
    let actual = engine
        .evaluate(
            "return require('./cases.js')()",
            &folder.path().join("run.js"),
        )
        .unwrap();
    let actual: Vec<String> = serde_json::from_str(&actual).unwrap();
    for ((case, expected), actual) in CASES.iter().zip(&expected).zip(&actual) {
        assert_eq!(actual, expected, "{case}");
    }
    assert_eq!(actual.len(), expected.len());
}
