internal import JSON
internal import TestSupport

/// Replaces about one in fifty values of a document by one of another kind.
struct Mutation {
    private var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    mutating func mutated(_ value: JSONValue) -> JSONValue {
        if Int.random(in: 0..<50, using: &random) == 0 {
            let others: [JSONValue] = [
                nil, true, -1, 1.5, "x", [], [:], ["a": 1], [1], .unsigned(.max), .integer(.min),
            ]
            return others[Int.random(in: 0..<others.count, using: &random)]
        }
        switch value {
        case .array(let elements): return .array(elements.map { mutated($0) })
        case .object(let members): return .object(JSONObject(members.map { ($0.key, mutated($0.value)) }))
        default: return value
        }
    }
}
