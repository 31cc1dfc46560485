/// Which streams of a SPDY connection belong together: each forwarded connection has one for bytes and one for what went wrong.
///
/// A value: frames in, effects out.
struct PortPairs {
    struct Pair: Hashable, Sendable {
        let port: Int
        let data: UInt32
        let errors: UInt32
    }

    enum Effect: Equatable {
        case reply(UInt32)
        /// Bytes may come on it from now on, before its partner does.
        case expect(UInt32)
        case refuse(UInt32)
        case begin(Pair)
    }

    /// More connections at once are refused.
    static let most = 1000

    private var waiting: [String: (stream: UInt32, isData: Bool, port: Int)] = [:]
    private(set) var count = 0

    /// The client opens a stream.
    mutating func open(_ stream: UInt32, _ headers: [String: String]) -> [Effect] {
        guard let port = headers["port"].flatMap({ Int($0) }), (1...65535).contains(port),
            let type = headers["streamtype"], ["data", "error"].contains(type), count < Self.most,
            waiting.count < Self.most
        else { return [.refuse(stream)] }
        // Old clients leave the number away: then streams follow each other, the one for errors first.
        let key = headers["requestid"] ?? "port \(port)"
        let isData = type == "data"
        let agreement: [Effect] = isData ? [.reply(stream), .expect(stream)] : [.reply(stream)]
        guard let other = waiting[key] else {
            waiting[key] = (stream, isData, port)
            return agreement
        }
        guard other.isData != isData, other.port == port else { return [.refuse(stream)] }
        waiting[key] = nil
        count += 1
        let pair = Pair(port: port, data: isData ? stream : other.stream, errors: isData ? other.stream : stream)
        return agreement + [.begin(pair)]
    }

    /// The client gives a stream up; whether it waited for its partner.
    mutating func reset(_ stream: UInt32) -> Bool {
        guard let key = waiting.first(where: { $0.value.stream == stream })?.key else { return false }
        waiting[key] = nil
        return true
    }

    /// A connection has ended.
    mutating func end() { count -= 1 }
}
