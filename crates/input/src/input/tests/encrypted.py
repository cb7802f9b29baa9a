"""Writes encrypted_footer.parquet and encrypted_columns.parquet beside itself, with pyarrow 26."""

import base64
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pyarrow.parquet.encryption as encryption


class Keys(encryption.KmsClient):
    def wrap_key(self, key, _master):
        return base64.b64encode(b"0123456789012345" + key)

    def unwrap_key(self, wrapped, _master):
        return base64.b64decode(wrapped)[16:]


table = pyarrow.table({"id": ["u1", "u2"], "phone": ["010-1234-5678", "010-1234-5679"]})
factory = encryption.CryptoFactory(lambda _config: Keys())
for name, has_plain_footer in [("footer", False), ("columns", True)]:
    config = encryption.EncryptionConfiguration(
        footer_key="k", column_keys={"k": ["phone"]}, plaintext_footer=has_plain_footer, double_wrapping=False
    )
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), config)
    path = Path(__file__).with_name(f"encrypted_{name}.parquet")
    with pyarrow.parquet.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
