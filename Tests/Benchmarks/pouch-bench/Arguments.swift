/// The words of the command line, from which options are taken one by one.
struct Arguments {
    /// What is left.
    var words: [String]

    /// Takes `name VALUE` out, wherever it stands.
    mutating func take(_ name: String, default fallback: String) -> String {
        guard let index = words.firstIndex(of: name), index + 1 < words.count else { return fallback }
        let value = words[index + 1]
        words.removeSubrange(index...index + 1)
        return value
    }
}
