import MartletCore
import Testing

@testable import MartletStorage

@Suite("The address of an S3 store")
struct S3AddressTests {
    @Test(
        "a bucket is reached by its path or by its host",
        arguments: [
            ("s3://bucket", "https://bucket.s3.us-east-1.amazonaws.com", "/objects/1"),
            ("s3://bucket/a/b?region=eu-west-1", "https://bucket.s3.eu-west-1.amazonaws.com", "/a/b/objects/1"),
            ("s3://bucket/p?endpoint=http://127.0.0.1:8333", "http://127.0.0.1:8333", "/bucket/p/objects/1"),
            ("s3://bucket?endpoint=http://[::1]:8333", "http://[::1]:8333", "/bucket/objects/1"),
            ("s3://bucket?endpoint=https://s3.lab:443/", "https://s3.lab", "/bucket/objects/1"),
            ("s3://bucket?endpoint=https://s3.lab&style=host", "https://bucket.s3.lab", "/objects/1"),
            ("s3://bucket?style=path", "https://s3.us-east-1.amazonaws.com", "/bucket/objects/1"),
        ]
    )
    func styles(text: String, origin: String, path: String) throws {
        let address = try S3Address(text)
        #expect(address.origin == origin)
        #expect(address.path(of: "objects/1") == path)
    }

    @Test(
        "what cannot be used is refused, and a secret is not repeated",
        arguments: [
            "", "bucket", "http://bucket", "s3://", "s3://b", "s3://Bucket", "s3://key:hush@bucket", "s3://bucket:80",
            "s3://bucket?endpoint=127.0.0.1:8333", "s3://bucket?endpoint=ftp://h", "s3://bucket?endpoint=http://h/path",
            "s3://bucket?endpoint=http://k:hush@h", "s3://bucket?style=round", "s3://bucket?secret=hush",
            "s3://bucket?region=EU", "s3://bucket?region=a&region=b", "s3://bucket/../other", "s3://bucket/a b",
        ]
    )
    func refusals(text: String) {
        let error = #expect(throws: MartletError.self) { try S3Address(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("hush") == false)
    }
}

@Suite("XML of an S3 store")
struct S3ElementTests {
    @Test("names, text and entities are read")
    func reading() throws {
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <List xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Key>a&amp;b&#x41;&#66;</Key><Empty/>
            <Item><Name>1</Name></Item><Item><Name>2</Name></Item></List>
            """
        let root = try #require(S3Element(parsing: Array(text.utf8)))
        #expect(root["Key"] == "a&bAB")
        #expect(root["Empty"] == "" && root["Absent"] == "")
        #expect(root.all("Item").map { $0["Name"] } == ["1", "2"])
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "text", "<a>", "<a></b>", "<a><b></a></b>", "<a>&unknown;</a>", "<a>&#x110000;</a>", "<a></a><b></b>",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "{\"a\": 1}", String(repeating: "<a>", count: 10_000),
        ]
    )
    func refusals(text: String) {
        #expect(S3Element(parsing: Array(text.utf8)) == nil)
    }
}
