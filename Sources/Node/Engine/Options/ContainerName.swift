/// Names that people give to containers and volumes, and names for those that got none.
enum ContainerName {
    /// Without the leading slash that clients may send.
    ///
    /// - Throws: ``EngineError/invalid(_:)`` unless it is `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
    static func validated(_ name: String) throws(EngineError) -> String {
        let bare = name.hasPrefix("/") ? String(name.dropFirst()) : name
        guard isValid(bare) else {
            throw .invalid("Invalid container name (\(name)), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        }
        return bare
    }

    static func isValid(_ name: String) -> Bool {
        guard name.utf8.count >= 2, let first = name.utf8.first, isWord(first) else { return false }
        return name.utf8.dropFirst().allSatisfy { isWord($0) || "_.-".utf8.contains($0) }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static let moods = [
        "able", "agile", "amber", "brave", "bright", "calm", "candid", "clever", "cosy", "crisp", "daring", "deft",
        "eager", "early", "fair", "fleet", "fond", "frank", "gentle", "glad", "golden", "grand", "happy", "hardy",
        "honest", "jolly", "keen", "kind", "light", "lively", "loyal", "lucid", "lucky", "mellow", "merry", "mild",
        "neat", "nimble", "noble", "patient", "placid", "plucky", "proud", "quick", "quiet", "ready", "rosy", "round",
        "shy", "sleek", "snug", "sober", "spry", "steady", "still", "sturdy", "sunny", "swift", "tidy", "warm", "wise",
        "witty", "young", "zesty",
    ]
    private static let animals = [
        "antelope", "badger", "bandicoot", "bear", "beaver", "bilby", "bison", "bobcat", "caribou", "cuscus", "deer",
        "dingo", "dolphin", "dunnart", "echidna", "elk", "ermine", "falcon", "ferret", "finch", "fox", "gecko",
        "glider",
        "hare", "hedgehog", "heron", "ibex", "jackal", "kangaroo", "koala", "kowari", "lemur", "lynx", "marmot",
        "marten", "mole", "moose", "newt", "numbat", "ocelot", "opossum", "otter", "owl", "panda", "pademelon", "pika",
        "possum", "potoroo", "puffin", "quokka", "quoll", "raccoon", "raven", "robin", "seal", "shrew", "squirrel",
        "stoat", "tapir", "tiger", "wallaby", "weasel", "wombat", "wren",
    ]

    /// A name to try; with more `attempts` a number makes it likelier to be free.
    static func random(using generator: inout some RandomNumberGenerator, attempt: Int) -> String {
        let mood = moods[Int.random(in: 0..<moods.count, using: &generator)]
        let animal = animals[Int.random(in: 0..<animals.count, using: &generator)]
        return attempt == 0 ? "\(mood)_\(animal)" : "\(mood)_\(animal)\(Int.random(in: 1...9999, using: &generator))"
    }
}

/// Random identifiers.
enum RandomID {
    /// 64 lower-case hex digits, never all decimal in the first twelve: those would be read as numbers.
    static func make(using generator: inout some RandomNumberGenerator) -> String {
        while true {
            var text = ""
            for _ in 0..<4 {
                let digits = String(generator.next(), radix: 16)
                text += String(repeating: "0", count: 16 - digits.count) + digits
            }
            if text.utf8.prefix(12).contains(where: { $0 > 57 }) { return text }
        }
    }

    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return make(using: &generator)
    }
}
