//! A place in an object store, and what can be done there.

use std::{
    collections::BTreeMap,
    fmt,
    io::Read,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::{
    GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion, WriteMultipart,
    aws::AmazonS3Builder, azure::MicrosoftAzureBuilder, gcp::GoogleCloudStorageBuilder, path::Path,
};

use crate::{error::StoreError, runtime::wait};

/// An object, a prefix of objects, or a whole bucket, by its URL.
///
/// ```
/// use dfinery_store::Place;
///
/// let place = Place::parse("s3://lake/orders/2026-11-20.csv")?;
/// assert_eq!(place.name(), "2026-11-20.csv");
/// assert_eq!(Place::parse("s3://lake/orders")?.join("a/b.csv").to_string(), "s3://lake/orders/a/b.csv");
/// # Ok::<(), dfinery_store::StoreError>(())
/// ```
#[derive(Clone)]
pub struct Place {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Scheme and bucket.
    root: Arc<str>,
    pub(crate) path: Path,
}

/// Which version of an object it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(UpdateVersion);

impl Version {
    fn of(meta: ObjectMeta) -> Self {
        Self(UpdateVersion {
            e_tag: meta.e_tag,
            version: meta.version,
        })
    }
}

/// An object that is there.
#[derive(Clone, Debug)]
pub struct Object {
    /// Where it is.
    pub place: Place,
    /// How many bytes it has.
    pub size: u64,
    /// Its `ETag`: another one means other contents. Some stores have none.
    pub etag: Option<String>,
}

const SCHEMES: [&str; 7] = ["s3", "s3a", "gs", "az", "abfs", "abfss", "azure"];

const NO_URL: &str = "it is no URL of an object store, such as s3://BUCKET/KEY";

/// How many bytes are uploaded with one request, and how many such requests run at a time.
const PART: usize = 8 * 1024 * 1024;
const PARTS_AT_A_TIME: usize = 4;

impl Place {
    /// Whether a text is the URL of a place in an object store, and not the name of a file.
    #[must_use]
    pub fn is_url(text: &str) -> bool {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| SCHEMES.contains(&scheme))
    }

    /// The place of a URL: `s3://BUCKET/KEY`, `gs://BUCKET/KEY`, `az://CONTAINER/KEY` or
    /// `abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/KEY`. A key is written as it is, without percent-encoding.
    ///
    /// # Errors
    /// If it is no such URL, or the settings in the environment do not suffice.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let (scheme, bucket, path) = parts(url)?;
        let root = format!("{scheme}://{bucket}");
        let store = Self::store(scheme, &root)?;
        Ok(Self {
            store,
            root: root.into(),
            path,
        })
    }

    /// Checks the form of a URL without what it takes to reach the place.
    ///
    /// # Errors
    /// If it is no URL of an object store, or holds what may be a secret: a query, or a user in front of the bucket. The error
    /// does not repeat that.
    pub fn check(url: &str) -> Result<(), StoreError> {
        parts(url).map(drop)
    }

    /// The store of a bucket. All its places share the connections and the credentials.
    fn store(scheme: &str, root: &str) -> Result<Arc<dyn ObjectStore>, StoreError> {
        static STORES: Mutex<BTreeMap<String, Arc<dyn ObjectStore>>> = Mutex::new(BTreeMap::new());
        let mut stores = STORES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(root) {
            return Ok(Arc::clone(store));
        }
        let failed = |error: object_store::Error| StoreError::unset(root, &error);
        let store: Arc<dyn ObjectStore> = match scheme {
            "s3" | "s3a" => Arc::new(AmazonS3Builder::from_env().with_url(root).build().map_err(failed)?),
            "gs" => {
                let builder = GoogleCloudStorageBuilder::from_env();
                Arc::new(builder.with_url(root).build().map_err(failed)?)
            }
            #[cfg(any(test, feature = "_memory"))]
            "memory" => Arc::new(object_store::memory::InMemory::new()),
            _ => {
                let builder = MicrosoftAzureBuilder::from_env();
                Arc::new(builder.with_url(root).build().map_err(failed)?)
            }
        };
        stores.insert(root.to_owned(), Arc::clone(&store));
        Ok(store)
    }

    /// A place below this one. Empty segments of the path are left out.
    #[must_use]
    pub fn join(&self, path: &str) -> Self {
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        Self {
            path: segments.fold(self.path.clone(), Path::join),
            ..self.clone()
        }
    }

    /// The last segment of its key; empty for a whole bucket.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.filename().unwrap_or_default()
    }

    /// Its key without that of a place above it; `None` if it is not below that.
    #[must_use]
    pub fn below(&self, above: &Self) -> Option<String> {
        let segments: Vec<_> = self.path.prefix_match(&above.path)?.collect();
        let segments: Vec<_> = segments.iter().map(AsRef::as_ref).collect();
        (self.root == above.root).then(|| segments.join("/"))
    }

    fn error(&self, error: &object_store::Error) -> StoreError {
        StoreError::new(&self.to_string(), error)
    }

    /// Runs a request about this place to its end.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        request: impl Future<Output = object_store::Result<T>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = wait(request).map_err(|error| StoreError::io(&self.to_string(), &error))?;
        done.map_err(|error| self.error(&error))
    }

    /// The object at exactly this place; `None` if there is none.
    ///
    /// # Errors
    /// If the store cannot be reached or refuses it.
    pub fn object(&self) -> Result<Option<Object>, StoreError> {
        Ok(self.head()?.map(|meta| self.object_of(meta)))
    }

    /// Which version of an object is at exactly this place; `None` if there is none.
    ///
    /// # Errors
    /// If the store cannot be reached or refuses it.
    pub fn version(&self) -> Result<Option<Version>, StoreError> {
        Ok(self.head()?.map(Version::of))
    }

    /// What the store says of the object; a whole bucket is none.
    fn head(&self) -> Result<Option<ObjectMeta>, StoreError> {
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        if path.is_root() {
            return Ok(None);
        }
        if_there(self.run(async move { store.head(&path).await }))
    }

    /// All objects below this place, in the order of their keys.
    ///
    /// # Errors
    /// If the store cannot be reached or refuses it, or there are more than `most` of them.
    pub fn list(&self, most: usize) -> Result<Vec<Object>, StoreError> {
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        let found = self.run(async move {
            let mut found: Vec<ObjectMeta> = Vec::new();
            let mut metas = store.list(Some(&path));
            while let Some(meta) = metas.try_next().await? {
                if found.len() > most {
                    break;
                }
                found.push(meta);
            }
            Ok(found)
        })?;
        if found.len() > most {
            let problem = format!("there are more than {most} objects below it");
            return Err(StoreError::malformed(&self.to_string(), problem));
        }
        let mut objects: Vec<_> = found.into_iter().map(|meta| self.object_of(meta)).collect();
        objects.sort_by(|a, b| a.place.path.cmp(&b.place.path));
        Ok(objects)
    }

    fn object_of(&self, meta: ObjectMeta) -> Object {
        Object {
            place: Self {
                path: meta.location,
                ..self.clone()
            },
            size: meta.size,
            etag: meta.e_tag,
        }
    }

    /// The bytes of a small object and its version; `None` if there is none.
    ///
    /// # Errors
    /// If the store cannot be reached or refuses it, or the object has more than `most` bytes.
    pub fn read(&self, most: u64) -> Result<Option<(Bytes, Version)>, StoreError> {
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        let read = self.run(async move {
            let found = store.get_opts(&path, GetOptions::default()).await?;
            if found.meta.size > most {
                return Ok((None, found.meta));
            }
            let meta = found.meta.clone();
            Ok((Some(found.bytes().await?), meta))
        });
        match if_there(read)? {
            Some((Some(bytes), meta)) => Ok(Some((bytes, Version::of(meta)))),
            Some((None, meta)) => {
                let problem = format!("it has {} bytes, of which at most {most} are read", meta.size);
                Err(StoreError::malformed(&self.to_string(), problem))
            }
            None => Ok(None),
        }
    }

    /// Writes a small object, whatever was there.
    ///
    /// # Errors
    /// If the store cannot be reached or refuses it.
    pub fn write(&self, bytes: impl Into<Bytes>) -> Result<Version, StoreError> {
        self.put(bytes.into(), PutMode::Overwrite)
    }

    /// Writes a small object if there is none yet.
    ///
    /// # Errors
    /// If there is one ([`StoreError::is_conflict`]), or the store cannot be reached or refuses it.
    pub fn create(&self, bytes: impl Into<Bytes>) -> Result<Version, StoreError> {
        self.put(bytes.into(), PutMode::Create)
    }

    /// Writes a small object if it is still the one that was read.
    ///
    /// # Errors
    /// If it is not ([`StoreError::is_conflict`]), or the store cannot be reached or refuses it.
    pub fn replace(&self, bytes: impl Into<Bytes>, version: &Version) -> Result<Version, StoreError> {
        self.put(bytes.into(), PutMode::Update(version.0.clone()))
    }

    fn put(&self, bytes: Bytes, mode: PutMode) -> Result<Version, StoreError> {
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        let put = async move { store.put_opts(&path, bytes.into(), PutOptions::from(mode)).await };
        self.run(put).map(|done| Version(done.into()))
    }

    /// Writes an object of any size, which takes its place as a whole. What is left of one that was cut short is no
    /// object, but takes up room in the store until a rule of the bucket removes it.
    ///
    /// # Errors
    /// If the data cannot be read, or the store cannot be reached or refuses it.
    pub fn upload(&self, mut data: impl Read) -> Result<(), StoreError> {
        let mut part = self.part(&mut data)?;
        if part.len() < PART {
            return self.write(part).map(|_| ());
        }
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        let upload = self.run(async move { store.put_multipart(&path).await })?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        while !part.is_empty() {
            let bytes = Bytes::from(part);
            let sent = self.run(async move {
                match upload.wait_for_capacity(PARTS_AT_A_TIME).await {
                    Ok(()) => {
                        upload.put(bytes);
                        Ok(upload)
                    }
                    Err(error) => {
                        let _ = upload.abort().await;
                        Err(error)
                    }
                }
            });
            upload = sent?;
            part = match self.part(&mut data) {
                Ok(part) => part,
                Err(error) => {
                    let _ = wait(upload.abort());
                    return Err(error);
                }
            };
        }
        // It aborts on failure by itself.
        self.run(upload.finish()).map(|_| ())
    }

    fn part(&self, data: &mut impl Read) -> Result<Vec<u8>, StoreError> {
        let mut part = Vec::with_capacity(PART);
        let read = data.take(PART as u64).read_to_end(&mut part);
        read.map_err(|error| StoreError::io(&self.to_string(), &error))?;
        Ok(part)
    }

    /// Removes an object. It is no error if there is none.
    ///
    /// # Errors
    /// If the store cannot be reached or refuses it.
    pub fn remove(&self) -> Result<(), StoreError> {
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        if_there(self.run(async move { store.delete(&path).await })).map(drop)
    }
}

/// The scheme, the bucket and the path of a URL.
fn parts(url: &str) -> Result<(&str, &str, Path), StoreError> {
    let malformed = |problem: &str| StoreError::malformed(url, problem);
    let is_known =
        |scheme: &str| SCHEMES.contains(&scheme) || cfg!(any(test, feature = "_memory")) && scheme == "memory";
    let parts = url.split_once("://").filter(|(scheme, _)| is_known(scheme));
    let (scheme, rest) = parts.ok_or_else(|| malformed(NO_URL))?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(malformed("it names no bucket"));
    }
    if rest.contains('?') {
        return Err(malformed(
            "it has a query, which is not read: credentials come from the environment",
        ));
    }
    if bucket.contains('@') && !scheme.starts_with("abfs") {
        return Err(malformed(
            "it has a user in front of the bucket: credentials come from the environment",
        ));
    }
    let path = Path::parse(key.trim_end_matches('/')).map_err(|error| malformed(&error.to_string()))?;
    Ok((scheme, bucket, path))
}

/// What was asked for, or nothing if it is not there.
fn if_there<T>(done: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match done {
        Err(error) if error.is_not_found() => Ok(None),
        done => done.map(Some),
    }
}

/// Its URL.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.root, self.path)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
