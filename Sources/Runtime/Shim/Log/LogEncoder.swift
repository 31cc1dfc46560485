internal import Glibc
internal import JSON

/// Where output comes from.
enum OutputStream: Int, CaseIterable, Sendable {
    case stdout, stderr
}

/// Turns what a container writes into lines of docker's json-file, or of the CRI's log files, and decides where a new file begins.
///
/// `{"log":"hello\n","stream":"stdout","time":"2026-01-02T03:04:05.000000001Z"}`, or
/// `2026-01-02T03:04:05.000000001Z stdout F hello`, with `P` for a line that goes on. Output without a newline in 16 KiB is cut into
/// lines whose `log` does not end in one, and which all carry the time of the first. All lines of one `append` have the time at
/// which they were read; times never go back, even when the clock does.
///
/// No I/O: `buffer` is what is to be written, `cuts` the places in it where the file is to be rotated first.
struct LogEncoder: ~Copyable {
    /// The longest piece of one line, in bytes.
    static let longestPiece = 16 << 10

    private struct Stream {
        /// The beginning of a line whose end has not come.
        var rest: [UInt8] = []
        /// When the first piece of a line was read that is already partly written.
        var firstPiece: Int64?
        /// What follows the text for a line read at `suffixTime`, from the newline's escape on; in the CRI's files what precedes it.
        var suffix: [UInt8] = []
        var suffixTime: Int64 = .min
    }

    private(set) var buffer = LogBuffer()
    private(set) var cuts: [Int] = []
    private var streams = [Stream(), Stream()]
    private var timestamp = Timestamp()
    private var latest: Int64 = .min
    private let attributes: [UInt8]
    private let isCRI: Bool
    private let maxSize: UInt64
    /// How long the current file will be when `buffer` up to here is written.
    private var fileSize: UInt64 = 0

    /// A file that has reached `maxSize` bytes gets no further line.
    init(maxSize: UInt64?, attributes: JSONObject = [:], isCRI: Bool = false) {
        self.isCRI = isCRI
        self.maxSize = maxSize ?? .max
        self.attributes =
            attributes.isEmpty ? [] : Array("\"attrs\":".utf8) + JSONValue.object(attributes).encoded() + [0x2C]
    }

    /// Whether a line was begun and not ended, which only memory holds.
    var hasRest: Bool { streams.contains { !$0.rest.isEmpty } }

    /// What `stream` has begun and only memory holds.
    func rest(of stream: OutputStream) -> [UInt8] { streams[stream.rawValue].rest }

    /// Takes `bytes` that `stream` delivered at `now`, in nanoseconds since 1970.
    mutating func append(_ bytes: UnsafeRawBufferPointer, from stream: OutputStream, now: Int64) {
        latest = max(latest, now)
        var position = 0
        while position < bytes.count {
            let begun = streams[stream.rawValue].rest.count
            let window = min(bytes.count - position, Self.longestPiece - begun)
            let piece = UnsafeRawBufferPointer(rebasing: bytes[position..<position + window])
            if let length = Self.lengthOfLine(piece) {
                line(UnsafeRawBufferPointer(rebasing: piece[..<length]), from: stream, ended: true)
                position += length + 1
            } else if begun + window == Self.longestPiece {
                line(piece, from: stream, ended: false)
                position += window
            } else {
                streams[stream.rawValue].rest.append(contentsOf: piece)
                return
            }
        }
    }

    /// Writes what `stream` left without a newline; it has ended.
    mutating func finish(_ stream: OutputStream, now: Int64) {
        latest = max(latest, now)
        guard !streams[stream.rawValue].rest.isEmpty else { return }
        line(UnsafeRawBufferPointer(start: nil, count: 0), from: stream, ended: false)
    }

    /// The buffer has been dealt with; the current file is `fileSize` bytes long.
    mutating func written(fileSize: UInt64) {
        self.fileSize = fileSize
        cuts.removeAll()
        buffer.removeAll()
    }

    /// Gives back the memory that a busy moment needed.
    mutating func release() {
        guard buffer.count == 0 else { return }
        buffer.release()
        cuts = []
    }

    private static func lengthOfLine(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress, let found = memchr(base, 0x0A, bytes.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// Encodes the rest of `stream` and `piece` as one line of the file.
    private mutating func line(_ piece: UnsafeRawBufferPointer, from stream: OutputStream, ended: Bool) {
        if fileSize >= maxSize {
            cuts.append(buffer.count)
            fileSize = 0
        }
        let before = buffer.count
        let index = stream.rawValue
        let time = streams[index].firstPiece ?? latest
        if time != streams[index].suffixTime { renewSuffix(of: stream, time: time) }
        streams[index].firstPiece = ended ? nil : time

        let suffix = streams[index].suffix
        let text = streams[index].rest.count + piece.count
        if isCRI {
            plainLine(piece, rest: index, ended: ended, length: suffix.count + text + 3)
            fileSize += UInt64(buffer.count - before)
            return
        }
        buffer.reserve(text * LogEscape.largestExpansion + suffix.count + 16)
        buffer.append("{\"log\":\"")
        if !streams[index].rest.isEmpty {
            encodeRest(of: index, with: piece)
        } else {
            LogEscape.append(piece, to: &buffer)
        }
        suffix.withUnsafeBytes { bytes in
            buffer.append(ended ? bytes : UnsafeRawBufferPointer(rebasing: bytes[2...]))
        }
        fileSize += UInt64(buffer.count - before)
    }

    /// The bytes as they are, behind time and stream.
    private mutating func plainLine(_ piece: UnsafeRawBufferPointer, rest index: Int, ended: Bool, length: Int) {
        let (prefix, rest) = (streams[index].suffix, streams[index].rest)
        streams[index].rest = []
        buffer.reserve(length)
        prefix.withUnsafeBytes { buffer.append($0) }
        buffer.append(ended ? "F " : "P ")
        rest.withUnsafeBytes { buffer.append($0) }
        buffer.append(piece)
        buffer.append(0x0A)
    }

    /// Joins the two halves first: a character may stand astride them.
    private mutating func encodeRest(of index: Int, with piece: UnsafeRawBufferPointer) {
        streams[index].rest.append(contentsOf: piece)
        let whole = streams[index].rest
        streams[index].rest = []
        whole.withUnsafeBytes { LogEscape.append($0, to: &buffer) }
    }

    private mutating func renewSuffix(of stream: OutputStream, time: Int64) {
        streams[stream.rawValue].suffixTime = time
        if isCRI {
            var prefix: [UInt8] = []
            timestamp.append(time, to: &prefix)
            prefix.append(contentsOf: (stream == .stdout ? " stdout " : " stderr ").utf8)
            streams[stream.rawValue].suffix = prefix
            return
        }
        var suffix = Array("\\n\",\"stream\":\"".utf8)
        suffix.append(contentsOf: (stream == .stdout ? "stdout" : "stderr").utf8)
        suffix.append(contentsOf: "\",".utf8)
        suffix.append(contentsOf: attributes)
        suffix.append(contentsOf: "\"time\":\"".utf8)
        timestamp.append(time, to: &suffix)
        suffix.append(contentsOf: "\"}\n".utf8)
        streams[stream.rawValue].suffix = suffix
    }
}
