internal import Glibc
package import LinuxKernel

/// A conversation with the kernel about one network namespace: that of the thread which opened it, from whatever thread it is used.
///
/// Calls block for as long as the kernel works, which is milliseconds; one call at a time.
package final class NetlinkSession: Sendable {
    private let socket: Descriptor

    /// Opens it in the calling thread's namespace.
    package init() throws(SyscallError) {
        socket = Descriptor(
            owning: try check("socket", "rtnetlink") {
                Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            })
        var yes: Int32 = 1
        let number = socket.raw
        // Answers come without a copy of the question.
        _ = setsockopt(number, 270, 10, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Sends all of `requests` at once; the kernel handles them in order.
    ///
    /// - Throws: the first refusal. What comes after it in the batch was tried, too.
    package func perform(_ requests: [NetlinkRequest]) throws(SyscallError) {
        for answer in try answers(to: requests) { if let answer { throw answer } }
    }

    package func perform(_ request: NetlinkRequest) throws(SyscallError) { try perform([request]) }

    /// The same, with every request's refusal at its place, nil where the kernel did it.
    package func answers(to requests: [NetlinkRequest]) throws(SyscallError) -> [SyscallError?] {
        guard !requests.isEmpty else { return [] }
        try send(requests.enumerated().flatMap { $1.message(sequence: UInt32($0 + 1)) })
        var answers = [SyscallError?](repeating: nil, count: requests.count)
        var missing = requests.count
        while missing > 0 {
            for message in NetlinkMessage.all(in: try receive()) {
                guard let errno = message.answer, (1...requests.count).contains(Int(message.sequence)) else { continue }
                let index = Int(message.sequence) - 1
                missing -= 1
                guard errno != 0, errno != requests[index].tolerated else { continue }
                answers[index] = SyscallError(requests[index].doing, errno: errno)
            }
        }
        return answers
    }

    /// Everything that answers a request to list something.
    package func list<Item>(
        _ request: NetlinkRequest, _ read: (NetlinkMessage) -> Item?
    ) throws(SyscallError) -> [Item] {
        try send(request.message(sequence: 1))
        var items: [Item] = []
        while true {
            for message in NetlinkMessage.all(in: try receive()) {
                if let errno = message.answer {
                    guard errno == 0 else { throw SyscallError(request.doing, errno: errno) }
                    return items
                }
                if let item = read(message) { items.append(item) }
            }
        }
    }

    private func send(_ bytes: [UInt8]) throws(SyscallError) {
        let number = socket.raw
        try check("send", "rtnetlink") { bytes.withUnsafeBytes { Glibc.send(number, $0.baseAddress, $0.count, 0) } }
    }

    private func receive() throws(SyscallError) -> [UInt8] {
        let number = socket.raw
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = try check("recv", "rtnetlink") {
            buffer.withUnsafeMutableBytes { Glibc.recv(number, $0.baseAddress, $0.count, 0) }
        }
        buffer.removeSubrange(count...)
        return buffer
    }
}
