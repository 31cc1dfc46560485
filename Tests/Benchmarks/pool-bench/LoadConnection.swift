internal import Glibc

/// One connection of the load: a socket and what has come over it.
///
/// Reads just as much of HTTP and JSON as it needs: the load shares the processors with the server.
final class LoadConnection {
    let socket: Int32
    /// What is asked is still to be answered.
    var isBusy = false
    /// Which request is under way.
    var request = 0
    /// When it was due, in nanoseconds.
    var due: UInt64 = 0
    private var received: [UInt8] = []

    /// - Throws: ``BenchmarkError`` when nobody listens.
    init(port: UInt16) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw BenchmarkError("127.0.0.1:\(port): \(String(cString: strerror(errno)))") }
        var on: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
    }

    deinit { close(socket) }

    /// Requests are smaller than a socket's buffer, so this waits for nothing.
    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress.map { $0 + sent }, bytes.count - sent, 0)
            }
            guard count > 0 else { throw BenchmarkError("the server closed a connection") }
            sent += count
        }
    }

    /// Takes what is there; `false` when the server has closed.
    func receive(into scratch: inout [UInt8]) -> Bool {
        let count = recv(socket, &scratch, scratch.count, Int32(MSG_DONTWAIT))
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        received += scratch[..<count]
        return count > 0
    }

    /// The status of an answer once all of it is here; its bytes are forgotten.
    func answer() -> Int? {
        guard let head = Self.find("\r\n\r\n", in: received, from: 0) else { return nil }
        var length = 0
        if var place = Self.find("Content-Length: ", in: received, from: 0), place < head {
            place += 16
            while received[place] >= 48, received[place] <= 57 {
                length = length * 10 + Int(received[place] - 48)
                place += 1
            }
        }
        guard received.count >= head + 4 + length else { return nil }
        let status = received[9..<12].reduce(0) { $0 * 10 + Int($1) - 48 }
        if status >= 400 {
            let text = String(decoding: received[(head + 4)...].prefix(400), as: UTF8.self)
            print("pool-bench: \(status): \(text)")
        }
        received.removeFirst(head + 4 + length)
        return status
    }

    /// Hands over each whole line that has come.
    func lines(_ take: (ArraySlice<UInt8>) -> Void) {
        var start = 0
        while let end = Self.find("\n", in: received, from: start) {
            take(received[start..<end])
            start = end + 1
        }
        if start == received.count {
            received.removeAll(keepingCapacity: true)
        } else if start > 0 {
            received.removeFirst(start)
        }
    }

    static func find(_ text: StaticString, in bytes: [UInt8], from start: Int) -> Int? {
        let count = text.utf8CodeUnitCount
        return bytes.withUnsafeBytes { whole -> Int? in
            guard let base = whole.baseAddress else { return nil }
            var place = start
            while place + count <= whole.count {
                let left = whole.count - count - place + 1
                guard let found = memchr(base + place, Int32(text.utf8Start[0]), left) else { return nil }
                let offset = UnsafeRawPointer(found) - base
                if memcmp(base + offset, text.utf8Start, count) == 0 { return offset }
                place = offset + 1
            }
            return nil
        }
    }
}

/// Nanoseconds of the clock that nothing sets.
func monotonic() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
