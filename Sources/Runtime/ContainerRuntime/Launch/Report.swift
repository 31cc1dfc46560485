internal import LinuxKernel

/// What parent and child say to each other between clone3 and execve, one message each.
///
/// ```
///   parent                                      child
///      | --- proceed ------------------------------> |   once the ids are mapped (user namespaces only)
///      | <------------------------------- hooks --- |   createRuntime: namespaces exist, root not yet changed
///      | --- proceed ------------------------------> |
///      | <------------------ terminal (+ master) --- |
///      | <------------------ listener (+ notify) --- |   seccomp notifications
///      | <-------------------------------- note --- |   what is being done, any time before; if asked for
///      | <------------------------------- ready --- |   all but the program is done; it waits at the gate
///      |                                     execve |   the socket closes: end of the talk
/// ```
/// Instead of any of these the child may send `failed`, and ends. The end of the talk without a word is its death.
enum Report: Equatable {
    case proceed
    case hooks
    case terminal
    case listener
    case ready
    /// What is being done, for the log.
    case note(String)
    case failed(Failure)

    struct Failure: Equatable {
        enum Kind: UInt8 {
            case step, program, hook
        }

        var kind: Kind
        var errno: Int32
        /// The step, the program, or the hook's path.
        var subject: String
        /// The system call and what it was about; or why the hook failed.
        var detail: String
    }

    var bytes: [UInt8] {
        switch self {
        case .proceed: [UInt8(ascii: "P")]
        case .hooks: [UInt8(ascii: "H")]
        case .terminal: [UInt8(ascii: "T")]
        case .listener: [UInt8(ascii: "N")]
        case .ready: [UInt8(ascii: "R")]
        case .note(let text): [UInt8(ascii: "D")] + text.utf8.prefix(1500)
        case .failed(let failure):
            [UInt8(ascii: "E"), failure.kind.rawValue] + withUnsafeBytes(of: failure.errno.littleEndian, Array.init)
                + failure.subject.utf8.prefix(1500) + [0] + failure.detail.utf8.prefix(1500)
        }
    }

    /// Reads one message; `nil` for what no child of ours says.
    init?(_ bytes: [UInt8]) {
        switch bytes.first {
        case UInt8(ascii: "P"): self = .proceed
        case UInt8(ascii: "H"): self = .hooks
        case UInt8(ascii: "T"): self = .terminal
        case UInt8(ascii: "N"): self = .listener
        case UInt8(ascii: "R"): self = .ready
        case UInt8(ascii: "D"): self = .note(String(decoding: bytes.dropFirst(), as: UTF8.self))
        case UInt8(ascii: "E"):
            guard bytes.count >= 7, let kind = Failure.Kind(rawValue: bytes[1]) else { return nil }
            let errno = bytes[2..<6].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let texts = bytes[6...].split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            guard texts.count == 2 else { return nil }
            self = .failed(
                Failure(
                    kind: kind, errno: Int32(bitPattern: errno), subject: String(decoding: texts[0], as: UTF8.self),
                    detail: String(decoding: texts[1], as: UTF8.self)))
        default: return nil
        }
    }
}

extension Report.Failure {
    init(_ error: RuntimeError) {
        switch error {
        case .step(let step, let cause):
            self.init(kind: .step, errno: cause.errno, subject: step, detail: cause.call + "\n" + cause.subject)
        case .program(let name, let cause):
            self.init(kind: .program, errno: cause.errno, subject: name, detail: cause.call + "\n" + cause.subject)
        case .hook(let kind, let path, let why):
            self.init(kind: .hook, errno: 0, subject: path, detail: kind + "\n" + why)
        default:
            self.init(kind: .step, errno: 0, subject: error.description, detail: "\n")
        }
    }

    var error: RuntimeError {
        let parts = detail.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let (first, second) = (parts.first ?? "", parts.count > 1 ? parts[1] : "")
        let cause = SyscallError(first, errno: errno, subject: second)
        switch kind {
        case .step: return errno == 0 ? .invalid(subject) : .step(subject, cause)
        case .program: return .program(subject, cause)
        case .hook: return .hook(kind: first, path: subject, why: second)
        }
    }
}

/// One end of the talk; the descriptor is closed with the value.
struct Talk: ~Copyable {
    private let socket: Descriptor

    init(_ socket: consuming Descriptor) {
        self.socket = socket
    }

    static func pair() throws(SyscallError) -> (parent: Int32, child: Int32) {
        let two = try Messages.pair()
        return (two.0, two.1)
    }

    func say(_ report: Report, with descriptors: [Int32] = []) throws(SyscallError) {
        try Messages.send(report.bytes, descriptors: descriptors, over: socket.raw)
    }

    /// `nil` when the other end is gone.
    func hear() throws(SyscallError) -> (report: Report, descriptors: [Int32])? {
        let (bytes, descriptors) = try Messages.receive(over: socket.raw)
        guard let report = Report(bytes) else { return nil }
        return (report, descriptors)
    }
}
