# Remarks about the configuration, and how it is shown.
# `$field` is the key of the value the remark is about; what any document can have wrong is in document.ftl.

config-origin = { $interpolated ->
        [0] { $layer ->
            [default] built in
            [runtime] set for this once
           *[other] { $place }
        }
       *[other] { $place } (with { $variables } from the environment)
    }

config-problems = { $line ->
        [0] { $first }
       *[other] { $file }:{ $line }: { $first }
    }{ $others ->
        [0] {""}
        [one] {" "}(and one more)
       *[other] {" "}(and { $others } more)
    }

config-not-object = A configuration is one object, not { $found ->
        [null] null
        [bool] true or false
        [number] a number
        [text] a string
       *[list] a list
    }.
    .help = Write {"{"} "key": value {"}"}.

# A file that agents keep their servers in cannot be understood. $reason: in the words of its parser.
config-syntax = The file cannot be understood: { $reason }

config-unreadable = The file cannot be read: { $reason }
    .help = Change its permissions, or remove it if it is not needed.

config-skill-name = `{ $value }` cannot be the name of a skill.
    .help = Write the name as the skill's manifest does: lower-case letters, digits and hyphens.

config-secret-name = `{ $name }` cannot be the name of a secret.
config-secret-value = The value of a secret is one line of printable ASCII, of at most 8192 characters and without spaces around it.
config-grant = `{ $value }` does not say what may be granted.
    .help = Write a kind of permission, alone or with what it is about: network, network:*.example.org, filesystem:read:./docs, process:git, secret:GITHUB_*.

config-variable-missing = `{ $field }` needs the environment variable { $name }, which is not set.
    .help = Set the variable, or write a default: {"${"}{ $name }:-default{"}"}.

config-variable-refused = `{ $field }` takes { $name } from the environment, which a workspace that is not trusted may not; the setting is ignored.
    .help = Run `mycelium trust` if you trust this workspace.

config-variable-open = `{ $field }` has a {"${"} without {"}"}.
    .help = Add the missing {"}"}, or write $${"{"} for a plain {"${"}.

config-variable-name = `{ $name }` cannot be the name of an environment variable.
    .help = Write letters, digits and underscores, or $${"{"} for a plain {"${"}.

config-variable-too-large = What the environment's variables put into this file is too large.
    .help = Use shorter values; together they may have as many bytes as a configuration file itself.

config-variable-unknown = No key is set by { $name }.
    .help = { $suggestion ->
        [none] Run `mycelium config list` to see the keys; the variable of `security.maxMemoryMB` is MYCELIUM_SECURITY_MAX_MEMORY_MB.
       *[other] Did you mean { $suggestion }?
    }

config-looser = `{ $field }` stays { $current ->
        [null] as the skill asks
       *[other] { $current }
    }: a workspace that is not trusted can only make it stricter, and { $value } is looser.
    .help = Run `mycelium trust` if you trust this workspace, or set it in your own configuration.

config-kept = `{ $field }` stays { $current }: a workspace that is not trusted cannot set it.
    .help = Run `mycelium trust` if you trust this workspace, or set it in your own configuration.

config-outside = `{ $field }` does without { $refused }: a workspace that is not trusted can only name folders in it.
    .help = Run `mycelium trust` if you trust this workspace, or set it in your own configuration.

config-link-outside = The file is left alone: a link leads out of the workspace, which is not trusted.
    .help = Run `mycelium trust` if you trust this workspace, or put the file where the link is.

config-skill-setting = `{ $field }` is not what the skill expects: { $reason }
    .help = Run `mycelium info` on the skill to see its settings.

config-skill-schema = The settings of the skill cannot be checked because its `config` is not a JSON Schema: { $reason }
    .help = Correct `config` in the skill's manifest.

config-defect = The configuration cannot be put together: { $reason }
    .help = This is a defect. Please report it with the output of `mycelium doctor`.

config-key-unknown = there is no key { $key }
config-in-the-way = { $key } in { $file } is not an object
config-storage = { $file }: { $reason }
