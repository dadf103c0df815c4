/**
 * What a skill can ask of its runtime: `require('mycelium')` or `import { kv } from 'mycelium'`.
 *
 * Written out by `mycelium types`. `docs/host-api.md` says more of each function.
 */
declare module 'mycelium' {
  /** Anything that JSON can say. */
  export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

  /** How the runtime says that it did not do what was asked. */
  export interface HostError extends Error {
    readonly name: 'HostError';
    /** One of the codes of `docs/errors.md`, such as `DISK_LIMIT`. */
    readonly code: string;
    /** Whether the same may succeed later. */
    readonly transient: boolean;
  }

  /** This skill. */
  export const skill: { readonly name: string; readonly version: string };

  /** The call, or the lifecycle hook, that runs. What there is not is `null`. */
  export const context: {
    readonly skill: { readonly name: string; readonly version: string };
    /** The function that was called. */
    readonly export: string | null;
    /** Names this call and no other. */
    readonly call: string | null;
    /** The trace it is part of: the correlation id of errors and logs. */
    readonly trace: string | null;
    readonly session: string | null;
    /** The agent, as it calls itself. */
    readonly agent: { readonly name: string; readonly version: string } | null;
    /** The folders that are worked on, the workspace first. */
    readonly roots: readonly string[] | null;
    /** The skills that led to this call, the first one first. */
    readonly callers: readonly string[] | null;
    /** What was said before, if the agent tells and the permission is granted. */
    readonly conversation: Json;
  };

  /** The skill's own settings, with the defaults of their schema. They cannot be changed. */
  export const config: { readonly [name: string]: Json };

  /** The same settings, in an object that can be changed. */
  export const settings: { [name: string]: Json };

  /** Lines of the call's log. */
  export const log: {
    debug(message: string, fields?: unknown): void;
    info(message: string, fields?: unknown): void;
    warn(message: string, fields?: unknown): void;
    error(message: string, fields?: unknown): void;
  };

  /** Which keys are listed. */
  export interface ListOptions {
    /** Only keys after this one. */
    after?: string;
    /** How many at most, up to 1000. */
    limit?: number;
  }

  /** Reads and writes that are done together or not at all. */
  export interface Transaction {
    get<Value = any>(key: string): Promise<Value | undefined>;
    has(key: string): Promise<boolean>;
    list(prefix?: string, options?: ListOptions): Promise<string[]>;
    set(key: string, value: unknown): void;
    delete(key: string): void;
  }

  /** What the skill keeps: values by key, private to it. */
  export const kv: {
    get<Value = any>(key: string): Promise<Value | undefined>;
    has(key: string): Promise<boolean>;
    set(key: string, value: unknown): Promise<void>;
    delete(key: string): Promise<void>;
    list(prefix?: string, options?: ListOptions): Promise<string[]>;
    /** Runs `body`, again if what it read was changed meanwhile, and gives what it returns. */
    transaction<Result>(body: (tx: Transaction) => Result | Promise<Result>): Promise<Result>;
  };

  /** Aborted when nobody waits for the call that runs any more: its caller has gone. One object, fresh for each call. */
  export const signal: AbortSignal;

  /** Calls a function of another skill, which takes a `skill` permission. */
  export function call<Result = any>(
    skill: string,
    method: string,
    args?: unknown[] | { [name: string]: unknown },
    options?: { timeoutSeconds?: number },
  ): Promise<Result>;

  /** Tells whoever waits how far the call is. */
  export function progress(done: number, total?: number, message?: string): void;

  /** A tool of an MCP server, in the server's own words. */
  export interface McpTool {
    readonly name: string;
    readonly description?: string;
    /** The JSON Schema of its arguments. */
    readonly inputSchema: { readonly [name: string]: Json };
    /** The JSON Schema of its structured result. */
    readonly outputSchema?: { readonly [name: string]: Json };
    readonly annotations?: { readonly [name: string]: Json };
  }

  /** What came of calling a tool, as the protocol has it. */
  export interface McpResult {
    readonly content: readonly any[];
    readonly structuredContent?: any;
  }

  /** Other MCP servers, as far as an `mcp` permission names them and was granted. */
  export const mcp: {
    /** The servers that it may use; nothing is started. */
    servers(): Promise<{ name: string; state: string }[]>;
    /** The tools of a server that it may call. */
    tools(server: string): Promise<McpTool[]>;
    call(server: string, tool: string, args?: { [name: string]: unknown }): Promise<McpResult>;
    /** The resources of a server, as the protocol has them. */
    resources(server: string): Promise<any[]>;
    /** The templates of addresses of further resources, as the protocol has them. */
    templates(server: string): Promise<any[]>;
    /**
     * Waits until the server says that a resource has changed: true then, and false if it does not within `seconds`, which
     * are the server's own limit if they are left out, and never more than the skill has left.
     */
    changed(server: string, uri: string, options?: { seconds?: number }): Promise<boolean>;
    /** The contents of a resource, as the protocol has them. */
    read(server: string, uri: string): Promise<any[]>;
  };

  /** The skill's own files, by their path in its folder. */
  export const assets: {
    /** The absolute path of a file. */
    path(path: string): string;
    read(path: string): Promise<Uint8Array>;
    read(path: string, encoding: string): Promise<string>;
    text(path: string): Promise<string>;
    json<Value = any>(path: string): Promise<Value>;
  };
}
