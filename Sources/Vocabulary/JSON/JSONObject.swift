/// The members of a JSON object, in the order in which they were written.
///
/// A key stands once: of duplicates the last value wins, at the first one's place. Keys are compared as Swift
/// strings. Two objects are equal when their members are, in any order. Finding a member is a scan up to ``scanned``
/// members, a hash look-up beyond.
package struct JSONObject: Sendable {
    package typealias Element = (key: String, value: JSONValue)

    /// Up to this many members a scan is faster than an index.
    private static let scanned = 16

    private var members: [Element]
    /// The place of each key, once there are more than `scanned`.
    private var places: [String: Int]?

    package init() {
        members = []
    }

    package init(_ elements: some Sequence<(String, JSONValue)>) {
        members = []
        for (key, value) in elements { self[key] = value }
    }

    package var keys: [String] { members.map(\.key) }
    package var values: [JSONValue] { members.map(\.value) }
    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }

    package subscript(key: String) -> JSONValue? {
        get { place(of: key).map { members[$0].value } }
        set {
            switch (place(of: key), newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): remove(at: place)
            case (nil, let value?): append(key, value)
            case (nil, nil): break
            }
        }
    }

    /// Takes a member out and gives its value, if it was there.
    @discardableResult
    package mutating func removeValue(forKey key: String) -> JSONValue? {
        guard let place = place(of: key) else { return nil }
        let value = members[place].value
        remove(at: place)
        return value
    }

    /// Takes over the members of `other`; of a key in both, the value of `other` stays.
    package mutating func merge(_ other: JSONObject) {
        for (key, value) in other { self[key] = value }
    }

    private func place(of key: String) -> Int? {
        if let places { return places[key] }
        return members.firstIndex { $0.key == key }
    }

    private mutating func append(_ key: String, _ value: JSONValue) {
        members.append((key, value))
        if places != nil {
            places?[key] = members.count - 1
        } else if members.count > Self.scanned {
            index()
        }
    }

    private mutating func remove(at place: Int) {
        members.remove(at: place)
        if places != nil { index() }
    }

    private mutating func index() {
        guard members.count > Self.scanned else {
            places = nil
            return
        }
        places = Dictionary(uniqueKeysWithValues: members.enumerated().map { ($1.key, $0) })
    }
}

extension JSONObject: Sequence {
    package func makeIterator() -> IndexingIterator<[Element]> { members.makeIterator() }
    package var underestimatedCount: Int { members.count }
}

extension JSONObject: Equatable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements)
    }
}
