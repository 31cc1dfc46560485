internal import AsyncHTTPClient
package import ImageSpec
internal import JSON
internal import NIOHTTP1

extension Repository {
    private static let largestPage = 16 << 20

    /// Every tag, page after page; mirrors are asked first.
    package func tags() async throws(RegistryError) -> [String] {
        try await reading { (endpoint) async throws(RegistryError) in
            try await pages(from: address("tags/list", at: endpoint), at: endpoint) { field throws(JSONError) in
                try field["tags"].stringsIfPresent() ?? []
            }
        }
    }

    /// What says something about `subject`, such as signatures; only of one kind when `artifactType` is given.
    ///
    /// A registry without the interface is asked for the tag that stands in for it.
    ///
    /// Source: distribution-spec 1.1, "Listing Referrers", "Referrers Tag Schema".
    package func referrers(
        of subject: Digest, artifactType: String? = nil
    ) async throws(RegistryError) -> [ContentDescriptor] {
        let endpoint = try await writing()
        var start = address("referrers/\(subject)", at: endpoint)
        if let artifactType { start = start.adding("artifactType", artifactType) }
        var found: [ContentDescriptor]
        do throws(RegistryError) {
            found = try await pages(from: start, at: endpoint) { field throws(JSONError) in
                try ImageIndex(json: field).manifests
            }
        } catch {
            guard case .notFound = error else { throw error }
            found = try await taggedReferrers(of: subject)
        }
        // A registry may leave the filter to us.
        if let artifactType { found.removeAll { $0.artifactType != artifactType } }
        return found
    }

    private func taggedReferrers(of subject: Digest) async throws(RegistryError) -> [ContentDescriptor] {
        do throws(RegistryError) {
            let tag = "\(subject.algorithm.rawValue)-\(subject.hex)".prefix(128)
            let document = try await manifest(.tag(String(tag)))
            return (try? ImageIndex(parsing: document.bytes).manifests) ?? []
        } catch {
            if case .notFound = error { return [] }
            throw error
        }
    }

    /// Removes a tag, or a manifest with all that leads to it.
    package func delete(_ name: Name) async throws(RegistryError) {
        try await delete("manifests/\(name)")
    }

    package func deleteBlob(_ digest: Digest) async throws(RegistryError) {
        try await delete("blobs/\(digest)")
    }

    private func delete(_ rest: String) async throws(RegistryError) {
        let endpoint = try await writing()
        var call = Call(.DELETE, address(rest, at: endpoint))
        call.scopes = ["repository:\(path):pull,push,delete"]
        _ = try await transport.perform(call, at: endpoint, credentials)
    }

    /// A registry that always names another page would be asked for ever.
    private static let mostPages = 1000

    /// Reads a list that comes in pages, each naming the next in its `Link`.
    private func pages<Item>(
        from start: WebAddress, at endpoint: Endpoint, _ read: (JSONField) throws(JSONError) -> [Item]
    ) async throws(RegistryError) -> [Item] {
        var items: [Item] = []
        var next: WebAddress? = start
        var seen: Set<WebAddress> = []
        while let address = next, seen.insert(address).inserted {
            guard seen.count <= Self.mostPages else {
                throw .malformed("GET \(start.text): a list of more than \(Self.mostPages) pages")
            }
            var call = Call(.GET, address)
            call.scopes = [pullScope]
            let response = try await transport.perform(call, at: endpoint, credentials)
            let bytes = try await response.wholeBody(limit: Self.largestPage, call.doing)
            do throws(JSONError) {
                items += try read(JSONField(JSONValue(parsing: bytes)))
            } catch {
                throw .malformed("\(call.doing): \(error)")
            }
            next = response.headers.first(name: "Link").flatMap(Self.nextPage).flatMap { address.following($0) }
        }
        return items
    }

    /// Reads `<…>; rel="next"`.
    ///
    /// Source: RFC 8288.
    static func nextPage(_ link: String) -> String? {
        for part in link.split(separator: ",") {
            guard let start = part.firstIndex(of: "<"), let end = part.firstIndex(of: ">"), start < end else {
                continue
            }
            let parameters = part[end...].split(separator: ";").dropFirst().map { String($0).trimmingSpaces }
            if parameters.contains("rel=\"next\"") || parameters.contains("rel=next") {
                return String(part[part.index(after: start)..<end])
            }
        }
        return nil
    }
}
