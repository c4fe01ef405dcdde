"""What the platform answered when it took a delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("receipt", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("deliveries", "receipt")
