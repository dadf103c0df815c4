# Why a skill cannot be loaded. Used as the `reason` of an error, so they start in lower case and
# have no full stop.

load-no-source = nothing here can fetch { $source }
load-unknown-embedded = no skill `{ $skill }` is built in
load-no-folder = the folder does not exist
load-not-utf8 = the path of the folder is not UTF-8
load-no-manifest = it has neither skill.json nor SKILL.md
load-unreadable = { $path } cannot be read: { $reason }
load-too-many-entries = it holds more than { $most } files and folders
load-too-many-bytes = its files are larger than { $most } MiB together
load-too-deep = its folders are nested more than { $most } deep
load-manifest-too-large = its skill.json is larger than { $most } MiB
load-instructions-too-large = its SKILL.md is larger than { $most } MiB
load-link-leaves = the link { $link } leads out of the skill's folder, to { $target }
load-link-loop = the link { $link } leads back to itself, through { $target }
load-special-file = { $path } is neither a file nor a folder
load-changing = its files keep changing while they are read
load-entrypoint-missing = the entrypoint { $entrypoint } does not exist
load-entrypoint-not-a-file = the entrypoint { $entrypoint } is not a file
load-entrypoint-leaves = the entrypoint { $entrypoint } leads out of the skill's folder
load-entrypoint-not-executable = the entrypoint { $entrypoint } cannot be run: it is not marked as executable (`chmod +x`)
load-entrypoint-not-a-program = the entrypoint { $entrypoint } cannot be run: it is neither a program for this machine nor a script that begins with `#!` and what runs it
load-entrypoint-interpreter = the entrypoint { $entrypoint } needs `{ $name }` to run, which is not among the system's programs in /usr, nor in the skill's folder
load-incompatible = { $reasons }
load-signature-missing = it comes from elsewhere and is not signed
load-cache = what is unpacked cannot be stored in { $path }: { $reason }
load-package-refused = the package is refused: { archive-problem }
load-package-too-large = the package is larger than { $most } MiB
load-package-empty = no folder of the package has a skill.json or a SKILL.md
load-package-several = the package holds several skills: { $first } and { $second }
load-package-outside = { $path } lies outside the folder of the package's skill
load-package-name = the name of the package is no usable name for the skill's folder

archive-problem = { $problem ->
    [absolute] `{ $entry }` is an absolute path
    [parent] `{ $entry }` leaves the archive's folder
    [name] `{ $entry }` is not a usable file name
    [too-deep] `{ $entry }` is nested too deeply
    [link] `{ $entry }` is a link
    [special] `{ $entry }` is not a plain file
    [collision] `{ $entry }` differs from another name in letter case only, or is both a file and a folder
    [duplicate] `{ $entry }` is there twice
    [too-many] it has more than { $limit } files
    [too-large] it unpacks to more than { $limit } bytes
    [bomb] it unpacks to more than { $limit } times its size
    [encrypted] `{ $entry }` is encrypted
    [compression] `{ $entry }` is compressed in a way that only some programs read
    [extended] it is in several parts, or has the records of archives above 4 GiB
    [contradiction] it says two different things of `{ $entry }`
    [surplus] it has bytes that belong to no file
   *[malformed] it is damaged
}

incompatible-mycelium = it needs Mycelium { $range }, and this is { $version }
incompatible-os = it is made for { $wanted }, and this machine runs { $actual }
incompatible-arch = it is made for { $wanted }, and this machine is { $actual }
incompatible-engine = it needs the engine `{ $engine }`, which this version of Mycelium does not have
incompatible-engine-version = { $actual ->
    [none] it needs { $engine } { $range }, and this machine has none
   *[other] it needs { $engine } { $range }, and this machine has { $actual }
}
incompatible-typescript = its entrypoint { $entrypoint } is TypeScript, for which this version of Mycelium has no engine
incompatible-entrypoint = no engine runs its entrypoint { $entrypoint }: the engine `quickjs` runs .js, .cjs and .mjs files, the engine `native` runs programs
incompatible-script-typescript = { $script } is TypeScript, for which this version of Mycelium has no engine
incompatible-script-interpreter = { $script } is run by `{ $name }`, which is not among the system's programs in /usr/local/bin, /usr/bin and /bin: install it there
incompatible-script-program = { $script } is neither a program for this machine nor a script that begins with `#!` and what runs it
incompatible-script-unreadable = { $script } cannot be read: { $reason }
