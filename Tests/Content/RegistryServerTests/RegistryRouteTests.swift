import ContentStore
import HTTPKit
import ImageSpec
import TestSupport
import Testing

@testable import RegistryServer

@Suite("Paths of the distribution API")
struct RegistryRouteTests {
    private static let hex = String(repeating: "a", count: 64)

    @Test(
        "a path is read from both ends",
        arguments: [
            ("/v2/", RegistryRoute.base), ("/v2", .base), ("/v2/_catalog", .catalog),
            ("/v2/a/b/c/tags/list", .tags(name: "a/b/c")), ("/v2/tags/tags/list", .tags(name: "tags")),
            ("/v2/a/blobs/uploads/", .uploads(name: "a")), ("/v2/a/blobs/uploads", .uploads(name: "a")),
            ("/v2/a/blobs/uploads/x-1", .upload(name: "a", id: "x-1")),
            ("/v2/a/manifests/v1.0", .manifest(name: "a", reference: .tag("v1.0"))),
            ("/v2/blobs/manifests/v1", .manifest(name: "blobs", reference: .tag("v1"))),
            ("/v2/a/blobs/sha256:\(hex)", .blob(name: "a", digest: "sha256:\(hex)")),
            ("/v2/a/blobs/sha256%3A\(hex)", .blob(name: "a", digest: "sha256:\(hex)")),
            ("/v2/a/referrers/sha256:\(hex)", .referrers(name: "a", subject: "sha256:\(hex)")),
        ])
    func routes(path: String, expected: RegistryRoute) throws {
        #expect(try RegistryRoute.read(path) == expected)
    }

    @Test(
        "what is no path of ours is none",
        arguments: ["/", "", "/v1/", "/v2/a", "/v2/a/nothing/x", "/v2/tags/list", "v2/"])
    func none(path: String) throws {
        #expect(try RegistryRoute.read(path) == nil)
    }

    @Test(
        "a name, tag or digest that can never be there is refused",
        arguments: [
            ("/v2/A/manifests/x", RegistryError.nameInvalid("A")), ("/v2/a//b/tags/list", .nameInvalid("a//b")),
            ("/v2/../x/tags/list", .nameInvalid("../x")), ("/v2/a%2F..%2Fb/manifests/x", .nameInvalid("a/../b")),
            ("/v2/a:b/manifests/x", .nameInvalid("a:b")),
        ])
    func refused(path: String, error: RegistryError) {
        #expect(throws: error) { try RegistryRoute.read(path) }
    }

    @Test("no path of random bytes stops the reader, and no name leaves its folder", arguments: UInt64(0)..<1000)
    func random(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let words = [
            "v2", "a", "b-c", "blobs", "uploads", "manifests", "tags", "list", "..", "%2e%2e", "_x", "", "%", "+", "é",
            "x:y",
        ]
        let path =
            "/v2/"
            + (0..<Int.random(in: 0..<7, using: &random)).map { _ in words.randomElement(using: &random) ?? "" }
            .joined(separator: "/")
        guard let route = try? RegistryRoute.read(path) else { return }
        let name: String? =
            switch route {
            case .base, .catalog: nil
            case .blob(let name, _), .manifest(let name, _), .tags(let name), .referrers(let name, _),
                .uploads(let name),
                .upload(let name, _):
                name
            }
        for part in name?.split(separator: "/", omittingEmptySubsequences: false) ?? [] {
            #expect(!part.isEmpty && part != ".." && !part.hasPrefix("_"), "seed \(seed): \(path)")
        }
    }

    @Test("parameters are decoded, may repeat, and their values come back") func query() {
        let items = QueryItems("n=10&tag=a&tag=b%2Bc&last=x+y&empty=&bare&%zz=1")
        #expect(items["n"] == "10")
        #expect(items.all("tag") == ["a", "b+c"])
        #expect(items["last"] == "x y")
        #expect(items["empty"] == "" && items["bare"] == "" && items["none"] == nil)
        #expect(QueryItems("v=" + QueryItems.escaped("a b/ü&=+%"))["v"] == "a b/ü&=+%")
    }
}
