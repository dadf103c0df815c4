# Why dependencies cannot be had, and what is worth knowing about those that can.
# The first part completes the texts of the DEPENDENCY_ errors; the second is shown beside a result.

dependency-unsupported-kind = { $kind ->
        [pip] `{ $dependency }`: dependencies of type pip need the python engine, which this version does not have.
        [skill] `{ $dependency }`: dependencies of type skill are not installed by this version.
        [binary] `{ $dependency }`: dependencies of type binary are not installed by this version.
       *[other] `{ $dependency }`: dependencies of type { $kind } are not installed by this version.
    }

dependency-unsupported-source = `{ $dependency }` names a source of its own; this version gets packages from their registry only.

dependency-invalid-name = `dependencies.{ $dependency }`: this is not the name of an npm package.

dependency-invalid-range = `dependencies.{ $dependency }`: `{ $range }` is not a range of npm versions.

dependency-outside-registry = `dependencies.{ $dependency }`: `{ $range }` is outside the registry; only packages from a registry are installed.

dependency-asked-twice = `{ $dependency }` is asked for as `{ $first }` and as `{ $second }`.

dependency-too-many = There are more than { $limit } packages to install.
dependency-too-complex = Their peer dependencies can be combined in too many ways; no choice was found in { $steps } steps.

dependency-package-not-found = The registry has no package `{ $package }`.

dependency-no-version = No version of `{ $package }` is `{ $range }`. { $count ->
        [0] It has no versions at all.
       *[other] The newest of its { $count } are { $newest }.
    }

dependency-unusable = `{ $package }` depends on `{ $dependency }` as `{ $range }`, which is not a range of versions in a registry.

dependency-peer-conflict = `{ $package }` needs `{ $peer }` `{ $range }` beside it, but gets { $found }.

dependency-offline = `{ $wanted }` is not stored on this machine, and the network is not to be used.

dependency-unreachable = { $url } cannot be reached after { $attempts ->
        [one] one attempt
       *[other] { $attempts } attempts
    }: { $problem }

dependency-refused = { $status ->
        [401] { $url } wants credentials; they belong into your .npmrc.
        [403] { $url } does not accept the credentials of your .npmrc, or wants some.
       *[other] { $url } answered with status { $status }.
    }

dependency-bad-metadata = What the registry says about `{ $package }` cannot be used: { $problem }

dependency-integrity-mismatch = `{ $package }` should have the hash { $expected } and has { $actual }.

dependency-integrity-missing = The registry gives no hash for `{ $package }`, so that it cannot be checked.

dependency-hostile-archive = The archive of `{ $package }` is refused: { archive-problem }.

dependency-too-large = { $url } sends more than { $limit } bytes.

dependency-lock-invalid = The lock { $path } cannot be used: { $problem }

dependency-npmrc-invalid = { $path } is not a valid npm configuration: { $problem }

dependency-certificates = The certificates in { $path } cannot be used: { $problem }

dependency-storage = { $problem }

dependency-busy = Another installation holds { $path } for more than { $seconds } seconds.

dependency-resolver-failed = The resolver gave up on what the registry says about these packages.

dependency-absent-before = There was none when the versions were chosen.

# Remarks beside a successful installation.

dependency-note-script = `{ $package }` has an install script, which was not run.

dependency-note-peer = `{ $package }` expects `{ $peer }` `{ $range }` beside it and gets { $found }.

dependency-note-skipped = The optional dependency `{ $dependency }` was left out: { $reason }

dependency-note-platform = The optional dependency `{ $dependency }` is not made for this machine and was left out.

dependency-note-stale = The registry cannot be reached; what was known about `{ $package }` before is used.
