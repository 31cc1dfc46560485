package import ContentStore
package import ImageSpec
internal import Lanes

extension ImageStore {
    /// For each image the bytes of file content that other images have too.
    package var sharedSizes: [Digest: Int64] {
        let images = all
        var uses: [Digest: Int] = [:]
        for image in images { for layer in Set(image.chain) { uses[layer, default: 0] += 1 } }
        var shared: [Digest: Int64] = [:]
        for image in images {
            shared[image.id] = zip(image.chain, image.layers).reduce(0) { sum, pair in
                sum + (uses[pair.0, default: 0] > 1 ? pair.1.size : 0)
            }
        }
        return shared
    }

    /// What the blobs of images and repositories take, beside the unpacked layers.
    package func blobUsage() async throws(ImageError) -> BlobUsage {
        try await lanes.run { [self] () throws(ImageError) in
            try keeping { () throws(ContentError) in
                try content.usage { read { Set($0.images.values.flatMap(\.blobs)) } }
            }
        }
    }
}
