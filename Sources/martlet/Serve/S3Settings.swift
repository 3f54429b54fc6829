import Foundation
import Logging
import MartletCore
import MartletStorage

/// The S3 store of `--blobs`, and who asks it. See docs/s3.md.
struct S3Settings: Sendable {
    var address: S3Address
    var credentials: S3Credentials
    /// Whether files that are in the data folder go to the store as well.
    var movesFiles: Bool

    /// Credentials come from the variables that every tool of AWS reads, never from an address or a file of settings.
    /// - Throws: `SettingsError`.
    init(_ text: String, movesFiles: Bool) throws {
        self.movesFiles = movesFiles
        do {
            address = try S3Address(text)
        } catch {
            throw SettingsError("the setting 'blobs' cannot be used: \(error.message)")
        }
        let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
        guard let key = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"] else {
            throw SettingsError(
                "the setting 'blobs' names an S3 store, which wants to know who asks: "
                    + "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment"
            )
        }
        credentials = S3Credentials(
            accessKey: key,
            secretKey: secret,
            sessionToken: environment["AWS_SESSION_TOKEN"]
        )
    }

    func client(_ environment: Environment, _ logger: Logger) -> S3Client {
        S3Client(address, credentials: credentials, environment: environment, patience: .live, logger: logger)
    }
}
