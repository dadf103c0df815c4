# Remarks about skill.json, one entry for each kind.
# `$field` is the path of the value the remark is about; what any document can have wrong is in document.ftl.

manifest-problems = { $others ->
        [0] { $first }
        [one] { $first } (and one more)
       *[other] { $first } (and { $others } more)
    }

manifest-not-object = A manifest is one object, not { $found ->
        [null] null
        [bool] true or false
        [number] a number
        [text] a string
       *[list] a list
    }.
    .help = Write {"{"} "name": …, "version": …, "description": …, "entrypoint": …, "exports": […] {"}"}.

text-empty = `{ $field }` is empty.
    .help = Write some text, or leave the field out if it is not required.

text-unprintable = `{ $field }` has a character that cannot be shown: { $character }.
    .help = Remove it; control characters and marks that reorder text can hide what a text says.

list-empty = `{ $field }` is an empty list.
    .help = Name at least one, or leave the whole entry out.

name-invalid = { $reason ->
        [length] A skill's name has 1 to 64 characters; this one has { $length }.
        [character] A skill's name has only lower-case letters, digits and hyphens; `{ $value }` has `{ $character }`.
       *[hyphen] A skill's name neither starts nor ends with a hyphen, as `{ $value }` does.
    }
    .help = Use a name such as hello-world.

version-invalid = `{ $field }` is not a version: { $value }
    .help = { $value ->
        [latest] Write the version this file belongs to, such as 1.0.0; "latest" names another one every day.
       *[other] Write three numbers, such as 1.0.0, with a pre-release part if need be, such as 1.0.0-rc.1.
    }

range-invalid = `{ $field }` is not a range of versions: { $value }
    .help = Write a range in npm's grammar, such as ^1.2.0, >=1 <3 or 1.x.

page-invalid = `{ $field }` is not the address of a web page: { $value }
    .help = Write a whole address that starts with https:// or http://.

path-outside = `{ $field }` does not name a file in the skill's folder: { $value }
    .help = Write a path relative to the folder of skill.json, with / between its parts and without `..`, such as src/index.js.

author-nameless = `{ $field }` has no name: { $value }
    .help = Write "Name <mail> (page)", where mail and page may be left out.

export-name = `{ $value }` cannot be the name of a function.
    .help = Write 1 to 128 characters without spaces, dots, slashes or quotes.

export-repeated = `{ $name }` is exported twice.
    .help = Remove one of the two.

export-hook = `{ $name }` is a lifecycle hook; the runtime calls it, whether it is exported or not.
    .help = Remove it from `exports`; `hooks` is the place to mention it.

export-contradiction = An export that is `readOnly` cannot be `destructive`.
    .help = Set one of the two to false.

export-parameters = `{ $field }` describes something else than an object.
    .help = Write "type": "object" and the parameters as its `properties`, in the order in which they are passed.

exports-empty = The skill exports nothing, so nothing of it can be called.
    .help = Name its functions, such as "exports": ["greet"].

dependency-name = `{ $value }` cannot be the name of { $kind ->
        [npm] an npm package
        [pip] a Python package
        [skill] a skill
       *[binary] a program
    }.
    .help = { $kind ->
        [npm] Write the name as its page at the registry does, such as lodash or @scope/name.
        [pip] Write letters, digits, dots, hyphens and underscores, such as ruamel.yaml.
        [skill] Write lower-case letters, digits and hyphens, such as hello-world.
       *[binary] Write the program's file name without a folder, such as ripgrep.
    }

dependency-range = `{ $field }` is not a range of versions: { $value }
    .help = { $kind ->
        [pip] Write a version specifier as PEP 440 has it, such as >=2.0,<3.
       *[other] Write a range in npm's grammar, such as ^1.2.0; tags such as "latest" are not accepted because they name another version every day.
    }

dependency-repeated = The { $kind } dependency `{ $name }` is listed twice.
    .help = Keep one of the two.

permission-host = `{ $value }` is not a host.
    .help = Write the host alone, without https:// and path: api.example.com, api.example.com:443 or *.example.org.

permission-method = `{ $value }` is not an HTTP method.
    .help = Write it in capitals, such as GET or POST.

permission-variable = `{ $value }` cannot be the name of an environment variable.
    .help = Write letters, digits and underscores, such as LANG.

permission-reason = The reason has { $length } characters, more than { $max }.
    .help = Say in a sentence or two what the permission is for; documentation has room for the rest.

permission-skill = `{ $value }` does not name a skill.
    .help = Write a skill's name, or a name and a range of versions, such as lint@^1.

platform-unknown = `{ $value }` in `{ $field }` is no platform this program knows, so the skill may fit nowhere.
    .help = { $suggestion ->
        [none] Known: { $known }.
       *[other] Did you mean `{ $suggestion }`?
    }

variant-everywhere = This variant has neither `os` nor `arch`, so it fits everywhere and hides what follows it.
    .help = Add `os` or `arch`, or make it the skill's `entrypoint`.

locale-invalid = `{ $value }` is not a language tag.
    .help = Write a tag such as en, en-US or zh-Hant-TW.

protocol-argv = The protocol `argv` works with the engine `native` only.
    .help = Remove `protocol`, or set `engine` to `native`.
