import Foundation
import Logging
import MartletCore
import MartletTesting
import NIOCore

@testable import MartletStorage

/// A blob store over an S3 store, on the database and beside the disk of a `BlobScene`.
struct S3Scene {
    let base: BlobScene
    let client: S3Client
    let store: S3BlobStore

    /// Parts of the least size that the protocol has.
    static let partSize = 5 << 20

    private static func client(_ address: S3Address, _ patience: S3Patience) -> S3Client {
        let environment = ProcessInfo.processInfo.environment
        return S3Client(
            address,
            credentials: S3Credentials(
                accessKey: environment["AWS_ACCESS_KEY_ID"] ?? "martlet",
                secretKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "martlet-secret",
                sessionToken: nil
            ),
            // Signatures carry the time, which the other side compares with its own.
            environment: .live,
            patience: patience,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    /// Runs `body` with a client, which ends with it.
    static func withClient(
        _ address: S3Address,
        patience: S3Patience,
        _ body: (S3Client) async throws -> Void
    ) async throws {
        let client = client(address, patience)
        do {
            try await body(client)
        } catch {
            try await client.close()
            throw error
        }
        try await client.close()
    }

    static func running(
        _ address: S3Address,
        patience: S3Patience = .live,
        _ body: (S3Scene) async throws -> Void
    ) async throws {
        try await withClient(address, patience: patience) { client in
            let base = try await BlobScene()
            let store = try await open(base, client)
            try await body(S3Scene(base: base, client: client, store: store))
        }
    }

    static func open(_ base: BlobScene, _ client: S3Client) async throws -> S3BlobStore {
        try await S3BlobStore(
            disk: base.blobs,
            client: client,
            partSize: partSize,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
    }

    func store(_ bytes: [UInt8]) async throws -> StoredBlob {
        try await store.store(Pieces(bytes, pieceSize: 50_000), length: nil, as: nil)
    }

    /// Keys of all objects of blobs.
    func objects() async throws -> [String] {
        try await client.list("objects/", next: nil).objects.map(\.key)
    }

    /// Keys of all uploads that are not completed.
    func uploads() async throws -> [String] {
        try await client.uploads("objects/", begunBefore: .max).map(\.key)
    }

    /// Rows of blobs whose bytes are in the S3 store.
    func rows() async throws -> Int64 {
        try await base.database.read { connection in
            try connection.first("SELECT count(*) FROM blob WHERE kind = 3") { $0.integer(0) } ?? 0
        }
    }
}

extension S3Patience {
    /// Three attempts without a pause, and little patience with silence: as much as a busy machine needs.
    static let short = S3Patience(
        attempts: 3,
        pause: { _ in .zero },
        connect: .seconds(2),
        silence: .seconds(2),
        head: .seconds(2),
        total: .seconds(60)
    )
}

extension FakeS3 {
    func address(_ bucket: String = "bucket") throws -> S3Address {
        try S3Address("s3://\(bucket)?endpoint=http://127.0.0.1:\(port)")
    }
}
