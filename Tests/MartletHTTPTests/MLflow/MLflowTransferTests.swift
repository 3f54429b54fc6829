import HTTPTypes
import Hummingbird
import HummingbirdTesting
import MartletCore
import MartletHTTP
import Testing

private let json: HTTPFields = [.contentType: "application/json"]
private let base = "/api/2.0/mlflow-artifacts"

@Suite("MLflow's transfers of files")
struct MLflowTransferTests {
    /// The path and query of an absolute URL.
    private func target(_ url: String) -> String {
        let rest = url.drop { $0 != ":" }.dropFirst(3)
        return String(rest.drop { $0 != "/" })
    }

    private func string(_ value: JSONValue?) throws -> String {
        guard case .string(let text)? = value else { throw MartletError(.notFound, "no string") }
        return text
    }

    private func beginUpload(
        _ server: TestServer,
        _ run: Run.ID,
        parts: Int
    ) async throws -> (id: String, urls: [String]) {
        let answer = try await server.send(
            .post,
            "\(base)/mpu/create/0/\(run)/artifacts/big",
            #"{"path": "/tmp/x/f.bin", "num_parts": \#(parts)}"#,
            headers: json
        )
        let body = try JSONParser.parse(Array(answer.text.utf8))
        guard case .array(let credentials)? = body["credentials"] else { return ("", []) }
        return (try string(body["upload_id"]), try credentials.map { target(try string($0["url"])) })
    }

    @Test("a file goes up and comes down, whole and in ranges")
    func roundTrip() async throws {
        let server = try await TestServer()
        let path = "\(base)/artifacts/0/\(try await server.makeRun().id)/artifacts/d/%C3%A9%20%25.txt"
        let put = try await server.send(.put, path, "0123456789")
        #expect(put.status == .ok)
        #expect(put.text.isEmpty)
        let whole = try await server.send(.get, path)
        #expect(whole.text == "0123456789")
        #expect(whole.headers[.contentDisposition]?.hasPrefix("attachment") == true)
        let tag = try #require(whole.headers[.eTag])
        let part = try await server.send(.get, path, headers: [.range: "bytes=2-4"])
        #expect(part.status == .partialContent)
        #expect(part.text == "234")
        #expect(part.headers[.contentRange] == "bytes 2-4/10")
        #expect(try await server.send(.get, path, headers: [.range: "bytes=10-"]).status == .rangeNotSatisfiable)
        #expect(try await server.send(.get, path, headers: [.ifNoneMatch: tag]).status == .notModified)
        #expect(try await server.send(.delete, path).status == .ok)
        #expect(try await server.send(.get, path).status == .notFound)
    }

    @Test("names are listed below the folder that is asked for")
    func listing() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun().id
        for name in ["b.txt", "a/c.txt"] {
            _ = try await server.send(.put, "\(base)/artifacts/0/\(run)/artifacts/\(name)", "x")
        }
        let root = try await server.send(.get, "\(base)/artifacts?path=0/\(run)/artifacts").text
        #expect(
            root == #"{"files":[{"path":"a","is_dir":true},{"path":"b.txt","is_dir":false,"file_size":1}]}"#
        )
        let ofRun = try await server.send(.get, "/api/2.0/mlflow/artifacts/list?run_id=\(run)&path=a").text
        #expect(ofRun.contains(#""path":"a/c.txt""#))
        #expect(ofRun.contains(#""root_uri":"mlflow-artifacts:/0/\#(run)/artifacts""#))
    }

    @Test("an upload in parts becomes one file, however the parts came; completing it twice is fine")
    func parts() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun().id
        let upload = try await beginUpload(server, run, parts: 3)
        for (number, text) in [(3, "ghi"), (1, "abc"), (2, "def")] {
            let answer = try await server.send(.put, upload.urls[number - 1], text)
            #expect(answer.status == .ok)
            #expect(answer.headers[.eTag] != nil)
        }
        let body =
            #"{"path": "f.bin", "upload_id": "\#(upload.id)", "parts": [{"part_number": 1}, {"part_number": 2}, "#
            + #"{"part_number": 3}]}"#
        for _ in 0..<2 {
            let done = try await server.send(.post, "\(base)/mpu/complete/0/\(run)/artifacts/big", body, headers: json)
            #expect(done.status == .ok, "\(done.text)")
        }
        let file = try await server.send(.get, "\(base)/artifacts/0/\(run)/artifacts/big/f.bin")
        #expect(file.text == "abcdefghi")
    }

    @Test("a part that was not sent is missed, an aborted upload takes no more")
    func incomplete() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun().id
        let upload = try await beginUpload(server, run, parts: 2)
        _ = try await server.send(.put, upload.urls[0], "abc")
        let body =
            #"{"path": "f.bin", "upload_id": "\#(upload.id)", "parts": [{"part_number": 1}, {"part_number": 2}]}"#
        let path = "0/\(run)/artifacts/big"
        #expect(try await server.send(.post, "\(base)/mpu/complete/\(path)", body, headers: json).status == .badRequest)
        #expect(try await server.send(.post, "\(base)/mpu/abort/\(path)", body, headers: json).status == .ok)
        #expect(try await server.send(.put, upload.urls[1], "def").status == .notFound)
        #expect(try await server.send(.get, "\(base)/artifacts/\(path)/f.bin").status == .notFound)
    }

    @Test("a signed link is good for one place and a while")
    func links() async throws {
        let server = try await TestServer()
        let run = try await server.makeRun().id
        let file = "0/\(run)/artifacts/a%20b.txt"
        _ = try await server.send(.put, "\(base)/artifacts/\(file)", "content")
        let answer = try await server.send(.get, "\(base)/presigned/\(file)")
        let body = try JSONParser.parse(Array(answer.text.utf8))
        #expect(body["file_size"] == .integer(7))
        let link = target(try string(body["url"]))
        // The routes keep their key only as long as the application lives; see `application`.
        #expect(link.contains("/signed/1/0/\(run)/artifacts/a%20b.txt?expires="))
        let forged = link.replacing("a%20b.txt", with: "other.txt")
        #expect(try await server.send(.get, forged).status == .forbidden)
    }
}
