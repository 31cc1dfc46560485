import ClusterStore
import StoreConformance
import Testing

@Suite("names and revisions of the store")
struct KeyTests {
    @Test("a key is parts of printable ASCII between single slashes", arguments: ["a", "a/b", "~", "a/system:node"])
    func good(path: String) throws {
        #expect(try StoreKey(path).path == path)
    }

    @Test("anything else is refused", arguments: ["", "/", "/a", "a/", "a//b", "a b", "a\n", "ä", "a/\u{7F}"])
    func bad(path: String) {
        #expect(throws: StoreError.self) { try StoreKey(path) }
    }

    @Test("a key is 1,024 bytes at most")
    func long() throws {
        let path = String(repeating: "a", count: 1024)
        #expect(try StoreKey(path).path == path)
        #expect(throws: StoreError.self) { try StoreKey(path + "a") }
    }

    @Test("a folder holds what begins with all of its parts")
    func folders() throws {
        let folder = try KeyFolder("pods/default")
        #expect(folder.path == "pods/default/")
        #expect(folder.holds(try StoreKey("pods/default/a")))
        #expect(!folder.holds(try StoreKey("pods/default2/a")))
        #expect(!folder.holds(try StoreKey("pods/default")))
        #expect(KeyFolder.all.holds(try StoreKey("a")))
    }

    @Test("a revision is read from digits only")
    func revisions() {
        #expect(Revision(parsing: "4711") == Revision(4711))
        for text in ["", "-1", "+1", "1.0", " 1", "99999999999999999999"] { #expect(Revision(parsing: text) == nil) }
    }

    @Test("the revision goes into the slot that was left for it")
    func slot() async throws {
        let before = "{\"resourceVersion\":" + String(repeating: ".", count: StoredValue.slotWidth) + "}"
        let store = LocalStore()
        let value = StoredValue(Array(before.utf8), revisionSlot: 19)
        let put = Put(try StoreKey("a"), value)
        let object = try #require(try await store.commit(.create(put)).object)
        #expect(object.text == "{\"resourceVersion\":\"2\"" + String(repeating: " ", count: 18) + "}")
        #expect(object.modified == Revision(2))
    }

    @Test("a slot outside of the bytes is refused", arguments: [-1, 1, 100])
    func badSlot(offset: Int) async throws {
        let value = StoredValue([UInt8](repeating: 46, count: StoredValue.slotWidth), revisionSlot: offset)
        let put = Put(try StoreKey("a"), value)
        await #expect(throws: StoreError.self) { try await LocalStore().commit(.create(put)) }
    }
}
