internal import ImageSpec

/// What a snapshot was made from and how, as the text of a link in its folder.
enum SnapshotOrigin {
    /// `<chain id or scratch>[ volatile][ place=<folder>][ users=<c>:<h>:<n>,… groups=…]`.
    static func write(_ top: Digest?, _ options: SnapshotOptions) -> String {
        var words = [top?.description ?? "scratch"]
        if options.isVolatile { words.append("volatile") }
        if let place = options.place { words.append("place=" + place) }
        if let map = options.idMap {
            words.append("users=" + map.users.map(text).joined(separator: ","))
            words.append("groups=" + map.groups.map(text).joined(separator: ","))
        }
        return words.joined(separator: " ")
    }

    private static func text(_ range: SnapshotMount.IDRange) -> String {
        "\(range.container):\(range.host):\(range.count)"
    }

    static func read(_ text: String) -> (top: Digest?, options: SnapshotOptions)? {
        let words = text.split(separator: " ").map(String.init)
        guard let first = words.first else { return nil }
        let top = try? Digest(parsing: first)
        guard top != nil || first == "scratch" else { return nil }
        var options = SnapshotOptions()
        var map = SnapshotMount.IDMap(users: [], groups: [])
        for word in words.dropFirst() {
            if word == "volatile" { options.isVolatile = true }
            if word.hasPrefix("place=") { options.place = String(word.dropFirst(6)) }
            if word.hasPrefix("users=") { map.users = ranges(word.dropFirst(6)) }
            if word.hasPrefix("groups=") { map.groups = ranges(word.dropFirst(7)) }
        }
        if !map.users.isEmpty { options.idMap = map }
        return (top, options)
    }

    private static func ranges(_ text: Substring) -> [SnapshotMount.IDRange] {
        text.split(separator: ",").compactMap { part in
            let numbers = part.split(separator: ":").compactMap { UInt32($0) }
            return numbers.count == 3
                ? .init(container: numbers[0], host: numbers[1], count: numbers[2]) : nil
        }
    }
}
