/// The name under which a store keeps one object, such as `pods/default/web`.
///
/// Parts of printable ASCII separated by single slashes, at most ``longest`` bytes: the order of keys is the order of their bytes.
package struct StoreKey: Hashable, Sendable {
    package static let longest = 1024

    package let path: String

    /// - Throws: ``StoreError/invalid(_:)`` for an empty part, a blank, or anything beyond ASCII.
    package init(_ path: String) throws(StoreError) {
        guard KeyFolder.isValid(path), path.utf8.last != KeyFolder.slash else {
            throw .invalid("key \"\(path)\": parts of printable ASCII separated by single slashes are expected")
        }
        self.path = path
    }

    /// The key of `name` in `folder`.
    ///
    /// - Throws: ``StoreError/invalid(_:)`` as for a whole path.
    package init(_ name: String, in folder: KeyFolder) throws(StoreError) {
        try self.init(folder.path + name)
    }
}

extension StoreKey: Comparable {
    package static func < (left: StoreKey, right: StoreKey) -> Bool { left.path < right.path }
}

extension StoreKey: CustomStringConvertible {
    package var description: String { path }
}

/// All keys that begin with some parts, such as `pods/` or `pods/default/`.
package struct KeyFolder: Hashable, Sendable {
    static let slash = UInt8(ascii: "/")
    /// Every key there is.
    package static let all = KeyFolder(unchecked: "")

    /// Ends with a slash, or is empty.
    package let path: String

    private init(unchecked path: String) {
        self.path = path
    }

    /// Reads `pods/default/` or `pods/default`.
    ///
    /// - Throws: ``StoreError/invalid(_:)`` for an empty part, a blank, or anything beyond ASCII.
    package init(_ path: String) throws(StoreError) {
        guard path.isEmpty || Self.isValid(path) else {
            throw .invalid("folder \"\(path)\": parts of printable ASCII separated by single slashes are expected")
        }
        self.path = path.isEmpty || path.utf8.last == Self.slash ? path : path + "/"
    }

    package func holds(_ key: StoreKey) -> Bool { key.path.hasPrefix(path) }

    /// Not empty, no part empty (a final slash is allowed), nothing but printable ASCII.
    static func isValid(_ path: String) -> Bool {
        var previous = slash
        for byte in path.utf8 {
            guard (0x21...0x7E).contains(byte), byte != slash || previous != slash else { return false }
            previous = byte
        }
        return !path.isEmpty && path.utf8.count <= StoreKey.longest
    }
}

/// Which keys a list or a watch is about.
package enum KeyRange: Hashable, Sendable {
    case key(StoreKey)
    case folder(KeyFolder)

    package func holds(_ key: StoreKey) -> Bool {
        switch self {
        case .key(let one): one == key
        case .folder(let folder): folder.holds(key)
        }
    }
}

/// Something that an object can be found by beside its key, such as the node of a pod: `spec.nodeName=node-7`.
///
/// Who writes an object says its terms. Lists and watches of one term cost what has that term, not what the folder holds.
package struct IndexTerm: Hashable, Sendable {
    package let text: String

    /// - Throws: ``StoreError/invalid(_:)`` when there is a line break in it.
    package init(_ field: String, _ value: String) throws(StoreError) {
        let text = field + "=" + value
        guard !text.utf8.contains(where: { $0 < 0x20 }) else {
            throw .invalid("index term \(field): its value has a control character")
        }
        self.text = text
    }

    private init(unchecked text: String) {
        self.text = text
    }

    /// Several in one text, for a journal.
    package static func text(_ terms: [IndexTerm]) -> String { terms.map(\.text).joined(separator: "\n") }

    /// What ``text(_:)`` made.
    package static func list(_ text: String) -> [IndexTerm] {
        text.split(separator: "\n").map { IndexTerm(unchecked: String($0)) }
    }
}

extension IndexTerm: CustomStringConvertible {
    package var description: String { text }
}
