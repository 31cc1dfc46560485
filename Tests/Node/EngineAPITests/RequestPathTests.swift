import Testing

@testable import EngineAPI

@Suite struct RequestPathTests {
    @Test("a version in front is taken off") func versions() {
        #expect(RequestPath("/v1.47/info?x=y").version == APIVersion(major: 1, minor: 47))
        #expect(RequestPath("/v1.47/info?x=y").path == "/info?x=y")
        #expect(RequestPath("/info").version == nil)
        #expect(RequestPath("/v1.47.1/info").version == nil)
        #expect(RequestPath("/volumes").version == nil)
        #expect(RequestPath("/v1.41").path == "/")
    }

    @Test("versions are compared as numbers") func order() {
        #expect(APIVersion(major: 1, minor: 9) < APIVersion(major: 1, minor: 41))
        #expect(APIVersion(major: 1, minor: 48) < APIVersion(major: 2, minor: 0))
    }

    @Test(
        "an image's name may have slashes",
        arguments: [
            ("/images/json", "/images/json"), ("/images/busybox/json", "/images/busybox/json"),
            ("/v1.44/images/docker.io/library/busybox:1/json", "/images/docker.io%2Flibrary%2Fbusybox:1/json"),
            ("/images/localhost:5000/a/b/tag?repo=x/y", "/images/localhost:5000%2Fa%2Fb/tag?repo=x/y"),
            ("/images/a/b/get", "/images/a%2Fb/get"), ("/distribution/a/b/json", "/distribution/a%2Fb/json"),
            ("/containers/a/json", "/containers/a/json"),
        ])
    func imageNames(target: String, path: String) {
        #expect(RequestPath(target).path == path)
    }

    @Test("a deletion has no verb behind the name") func deletion() {
        #expect(RequestPath("/images/my/json", isDeletion: true).path == "/images/my%2Fjson")
        #expect(RequestPath("/images/json", isDeletion: true).path == "/images/json")
    }
}
