//! Turns a source (a folder, or a skill compiled in) into a verified skill: manifest, digest, compatibility.
