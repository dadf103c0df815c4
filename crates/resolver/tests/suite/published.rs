//! Packages as they are published in tests.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use sha1::Sha1;
use sha2::Digest as _;
use sha2::Sha512;

/// One version of a package, ready to be published.
#[derive(Clone)]
pub(super) struct Published {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) manifest: Map<String, Value>,
    files: BTreeMap<String, String>,
    archive: Option<Vec<u8>>,
    hashes: Hashes,
}

/// What the registry says about an archive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hashes {
    Strong,
    OnlyShasum,
    None,
}

impl Published {
    pub(super) fn new(name: &str, version: &str) -> Self {
        let text = format!("module.exports = '{name}@{version}';\n");
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            manifest: Map::new(),
            files: BTreeMap::from([("index.js".to_owned(), text)]),
            archive: None,
            hashes: Hashes::Strong,
        }
    }

    /// Sets a field of the package's manifest.
    pub(super) fn with(mut self, field: &str, value: Value) -> Self {
        self.manifest.insert(field.to_owned(), value);
        self
    }

    pub(super) fn depends(self, dependencies: Value) -> Self {
        self.with("dependencies", dependencies)
    }

    pub(super) fn file(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.to_owned(), content.to_owned());
        self
    }

    /// Publishes other bytes than an archive of the files; the hashes are theirs.
    pub(super) fn archive(mut self, bytes: Vec<u8>) -> Self {
        self.archive = Some(bytes);
        self
    }

    /// Publishes as before 2017.
    pub(super) fn with_shasum_only(mut self) -> Self {
        self.hashes = Hashes::OnlyShasum;
        self
    }

    pub(super) fn without_hashes(mut self) -> Self {
        self.hashes = Hashes::None;
        self
    }

    /// The manifest in the archive.
    fn package_json(&self) -> Map<String, Value> {
        let mut manifest = self.manifest.clone();
        manifest.insert("name".to_owned(), json!(self.name));
        manifest.insert("version".to_owned(), json!(self.version));
        manifest
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        if let Some(bytes) = &self.archive {
            return bytes.clone();
        }
        let manifest = Value::Object(self.package_json()).to_string();
        let package_json = [("package.json", manifest.as_str())].into_iter();
        let files = self.files.iter().map(|(p, c)| (p.as_str(), c.as_str()));
        archive_of(package_json.chain(files))
    }

    /// The manifest as the registry describes it.
    pub(super) fn description(&self, tarball: &str) -> Value {
        let bytes = self.bytes();
        let mut manifest = self.package_json();
        let mut distribution = json!({ "tarball": tarball });
        if self.hashes != Hashes::None {
            let hex: String = Sha1::digest(&bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            distribution["shasum"] = json!(hex);
        }
        if self.hashes == Hashes::Strong {
            let hash = STANDARD.encode(Sha512::digest(&bytes));
            distribution["integrity"] = json!(format!("sha512-{hash}"));
        }
        manifest.insert("dist".to_owned(), distribution);
        Value::Object(manifest)
    }
}

/// A package's archive with these files.
pub(super) fn archive_of<'f>(files: impl Iterator<Item = (&'f str, &'f str)>) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder
            .append_data(&mut header, format!("package/{path}"), content.as_bytes())
            .unwrap();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&builder.into_inner().unwrap()).unwrap();
    encoder.finish().unwrap()
}
