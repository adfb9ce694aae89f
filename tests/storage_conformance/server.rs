//! What the local server itself promises to whoever tests against it: it survives its restart, gives parts of
//! contents, lists by folder and page after page, and refuses what it is not.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use object_store::gcp::{GcpCredential, GoogleCloudStorage, GoogleCloudStorageBuilder};
use object_store::path::Path as Key;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, StaticCredentialProvider};

use super::bucket::{BUCKET, TestBucket};
use super::faults::Faults;
use super::storage::Storage;

fn client(bucket: &TestBucket) -> GoogleCloudStorage {
    let nobody = StaticCredentialProvider::new(GcpCredential { bearer: String::new() });
    let builder = GoogleCloudStorageBuilder::new().with_bucket_name(BUCKET);
    let builder = builder.with_base_url(&bucket.config().endpoint.expect("an endpoint"));
    builder.with_credentials(std::sync::Arc::new(nobody)).build().expect("a client")
}

#[test]
fn a_directory_survives_its_server() {
    let directory = tempfile::tempdir().expect("a directory");
    let open = || Storage::open(directory.path(), Faults::none()).expect("a storage");
    let headers = BTreeMap::from([("x-goog-meta-of".to_owned(), "é".to_owned())]);
    let before = {
        let storage = open();
        storage.put("b", "other/name?", "old");
        storage.put("b", "gone", "x");
        assert!(storage.delete("b", "gone"));
        let expected = storage.put("b", "other/name?", "line\nline");
        storage.put_if("b", "other/name?", "new\n".into(), headers, Some(expected)).expect("written")
    };
    std::fs::write(directory.path().join("0123.writing"), "half").expect("written");
    let storage = open();
    assert_eq!(storage.list("b", ""), [("other/name?".to_owned(), before.clone())]);
    assert_eq!(storage.get("b", "other/name?"), Some(("new\n".into(), before.generation)));
    assert!(storage.put_if("b", "other/name?", "x".into(), BTreeMap::new(), Some(0)).is_err());
    assert!(storage.put("b", "other/name?", "newer") > before.generation);
    assert_eq!(std::fs::read_dir(directory.path()).expect("listed").count(), 1);
}

#[tokio::test]
async fn the_client_gets_parts_folders_and_pages() {
    let bucket = TestBucket::new(Faults::none());
    let client = client(&bucket);
    let key = Key::from("a b/é=1/x.txt");
    client.put(&key, "0123456789".into()).await.expect("written");
    let part = async |range| {
        let options = GetOptions { range: Some(range), ..GetOptions::default() };
        client.get_opts(&key, options).await.expect("there").bytes().await.expect("bytes")
    };
    assert_eq!(part(GetRange::Bounded(2..5)).await, "234");
    assert_eq!(part(GetRange::Offset(7)).await, "789");
    assert_eq!(part(GetRange::Suffix(1)).await, "9");
    for number in 0..1_001 {
        bucket.storage.put(BUCKET, &format!("many/{number:04}/x"), "");
    }
    let folders = client.list_with_delimiter(Some(&Key::from("many"))).await.expect("listed");
    assert_eq!((folders.common_prefixes.len(), folders.objects.len()), (1_001, 0));
    let all: Vec<_> = client.list(None).try_collect().await.expect("listed");
    assert_eq!(all.len(), 1_002);
    assert_eq!(all[0].location, key);
    client.copy(&key, &Key::from("copy")).await.expect_err("copies are not there");
    client.put_multipart(&key).await.expect_err("uploads in parts are not there");
}
