internal import Lanes
internal import NIOCore
internal import RegistryClient

extension Engine {
    /// Fetches a file of the web for a build, and hands its bytes to `receive` as they come.
    ///
    /// - Returns: what it is called, and when it was changed last in seconds since 1970, where the server says so.
    package func download(
        _ address: String, to receive: ([UInt8]) async throws(EngineError) -> Void
    ) async throws(EngineError) -> (name: String?, modified: Int64?) {
        var refusal: EngineError?
        do throws(RegistryError) {
            let found = try await registries.download(address) { (bytes) async throws(RegistryError) in
                do throws(EngineError) { try await receive(bytes) } catch {
                    refusal = error
                    throw .interrupted(error.message)
                }
            }
            return (found.name, found.modified)
        } catch {
            throw refusal ?? .failed(error.description)
        }
    }

    /// Imports a root filesystem that lies at an address of the web; gives the image's id.
    package func importImage(
        at address: String, repository: String?, tag: String?, message: String, changes: [String], platform: String?
    ) async throws(EngineError) -> String {
        let pipe = ChunkPipe()
        async let fetched = failure(downloading: address, into: pipe)
        do throws(EngineError) {
            let id = try await importImage(
                pipe.map { ByteBuffer(bytes: $0) }, from: address, repository: repository, tag: tag, message: message,
                changes: changes, platform: platform)
            _ = await fetched
            return id
        } catch {
            pipe.close()
            throw await fetched ?? error
        }
    }

    /// Nil also when the reader wanted no more: it knows why.
    private func failure(downloading address: String, into pipe: ChunkPipe) async -> EngineError? {
        var isClosed = false
        do throws(EngineError) {
            _ = try await download(address) { (bytes) async throws(EngineError) in
                do throws(PipeClosed) { try await pipe.send(bytes) } catch {
                    isClosed = true
                    throw .failed("nobody reads on")
                }
            }
            pipe.finish()
            return nil
        } catch {
            pipe.fail(error)
            return isClosed ? nil : error
        }
    }
}
