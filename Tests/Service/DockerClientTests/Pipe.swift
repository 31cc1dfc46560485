import Glibc
import LinuxKernel
import TestSupport

@testable import DockerClient

/// Both ends of a pipe.
final class Pipe {
    let reader: Int32
    private(set) var writer: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        try check("pipe") { pipe(&ends) }
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        close(reader)
        closeWriter()
    }

    func write(_ text: String) { try? writeAll(Array(text.utf8)[...], to: writer) }

    func closeWriter() {
        if writer >= 0 { close(writer) }
        writer = -1
    }

    /// Closes the writing end, then reads what is there.
    func readAll() -> String {
        closeWriter()
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while case let count = read(reader, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Runs a closure on a thread that can be waited for.
class Worker {
    private var thread = pthread_t()

    func start() {
        pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Worker>.fromOpaque(argument).takeUnretainedValue().main()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    func main() {}
    func wait() { pthread_join(thread, nil) }
}

/// Counts what comes out of a descriptor.
final class Collector: Worker {
    private let descriptor: Int32
    private var count = 0

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        super.init()
        start()
    }

    override func main() {
        var chunk = [UInt8](repeating: 0, count: 65536)
        while case let more = read(descriptor, &chunk, chunk.count), more > 0 { count += more }
    }

    func join() -> Int {
        wait()
        return count
    }
}

/// Writes zeros into a descriptor and closes it.
final class Feeder: Worker {
    private let descriptor: Int32
    private let count: Int

    init(_ pipe: Pipe, _ count: Int) {
        descriptor = dup(pipe.writer)
        self.count = count
        super.init()
        pipe.closeWriter()
        start()
    }

    override func main() {
        try? writeAll([UInt8](repeating: 0, count: count)[...], to: descriptor)
        close(descriptor)
    }

    func join() { wait() }
}

/// Answers the head of one request with an error and closes, whatever follows.
final class EarlyDaemon: @unchecked Sendable {  // its thread alone touches the socket
    let path: String
    private let listener: Int32

    init(at path: String) throws {
        self.path = path
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let listener = listener
        try check("bind", path) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        listen(listener, 1)
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                let client = accept(Int32(Int(bitPattern: argument)), nil, nil)
                var byte = [UInt8](repeating: 0, count: 64)
                recv(client, &byte, byte.count, 0)
                let body = "{\"message\":\"disk full\"}"
                try? writeAll(
                    Array("HTTP/1.1 507 X\r\nContent-Length: \(body.count)\r\n\r\n\(body)".utf8)[...], to: client)
                shutdown(client, Int32(SHUT_RDWR))
                close(client)
                return nil
            }, UnsafeMutableRawPointer(bitPattern: Int(listener)))
        pthread_detach(thread)
    }

    deinit { close(listener) }
}
