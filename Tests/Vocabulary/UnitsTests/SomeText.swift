internal import TestSupport

/// Endless short texts of some characters, decided by a seed.
struct SomeText: Sequence, IteratorProtocol {
    private var random: SplitMix64
    private let characters: [Character]

    init(seed: UInt64, of characters: String) {
        random = SplitMix64(seed: seed)
        self.characters = Array(characters)
    }

    mutating func next() -> String? {
        let length = Int.random(in: 0..<24, using: &random)
        return String((0..<length).map { _ in characters[Int.random(in: 0..<characters.count, using: &random)] })
    }
}
