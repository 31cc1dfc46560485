internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// A file of the web, as its server described it.
package struct Download: Equatable, Sendable {
    /// What the server wants it called, else the last part of the address that was asked for; nil when neither says.
    package let name: String?
    /// When it was changed last, in seconds since 1970.
    package let modified: Int64?
}

extension RegistryClient {
    /// Fetches a file that no registry has, and hands its bytes to `receive` as they come.
    ///
    /// Nobody's credentials go along, and a redirect from https to http is not followed.
    ///
    /// - Throws: what the server answered, an interruption of the body, or what `receive` threw.
    package func download(
        _ address: String, to receive: ([UInt8]) async throws(RegistryError) -> Void
    ) async throws(RegistryError) -> Download {
        guard let place = WebAddress(address) else { throw .malformed("\(address): not an http or https URL") }
        let endpoint = try await transport.stranger(at: place)
        let call = Call(.GET, place)
        let response = try await transport.perform(call, at: endpoint, RegistryCredentials())
        var chunks = response.body.makeAsyncIterator()
        while true {
            let chunk: ByteBuffer?
            do { chunk = try await chunks.next() } catch { throw Transport.failure(error, call.doing) }
            guard let chunk else { break }
            try await receive(Array(chunk.readableBytesView))
        }
        let named = response.headers["Content-Disposition"].lazy.compactMap { Self.fileName(disposition: $0) }.first
        return Download(
            name: named ?? Self.fileName(target: place.target),
            modified: response.headers.first(name: "Last-Modified").flatMap { HTTPDate.seconds($0.trimmingSpaces) })
    }

    /// The `filename` of a `Content-Disposition`, without any folders.
    static func fileName(disposition: String) -> String? {
        for part in disposition.split(separator: ";").dropFirst() {
            let halves = part.split(separator: "=", maxSplits: 1).map { String($0).trimmingSpaces }
            guard halves.count == 2, halves[0].lowercased() == "filename" else { continue }
            var name = halves[1]
            if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") {
                name = String(name.dropFirst().dropLast())
            }
            return checked(name.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init))
        }
        return nil
    }

    /// The last part of a path, with its escapes undone.
    static func fileName(target: String) -> String? {
        let path = target.prefix { $0 != "?" }
        let last = path.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        return checked(decoded(last))
    }

    private static func checked(_ name: String?) -> String? {
        guard let name, !name.isEmpty, name != ".", name != "..", !name.utf8.contains(where: { $0 == 0 || $0 == 47 }),
            name.utf8.count <= 255
        else { return nil }
        return name
    }

    private static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
