//! A folder for files that are not whole yet, beside the file that they become.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::error::ExportError;

const PREFIX: &str = ".dfinery-export-";

/// A folder that only this process uses. It goes when this is dropped; after a kill, with the next one beside it.
#[derive(Debug)]
pub(crate) struct Workspace {
    folder: PathBuf,
    _lock: File,
}

impl Workspace {
    pub(crate) fn beside(path: &Path) -> Result<Self, ExportError> {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        remove_abandoned_in(parent);
        let folder = parent.join(format!("{PREFIX}{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir(&folder).map_err(|error| ExportError::file(&folder, "made", error))?;
        let path = folder.join("lock");
        let lock = File::create(&path).and_then(|lock| lock.lock().map(|()| lock));
        Ok(Self {
            _lock: lock.map_err(|error| ExportError::file(&path, "locked", error))?,
            folder,
        })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next export beside it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Removes the folders that killed processes have left. What cannot be removed stays.
fn remove_abandoned_in(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX)
            && let Ok(lock) = File::open(entry.path().join("lock"))
            && lock.try_lock().is_ok()
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
