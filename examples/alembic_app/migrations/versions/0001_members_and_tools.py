"""Members and tools

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("email", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "tools",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("tag", sa.Text, nullable=False, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("daily_fee", sa.Numeric(6, 2), nullable=False),
        sa.Column(
            "keywords", postgresql.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")
        ),
        sa.Column("details", postgresql.JSONB, nullable=False, server_default=sa.text("'{}'")),
        sa.CheckConstraint("daily_fee > 0", name="tools_daily_fee_positive"),
    )


def downgrade() -> None:
    op.drop_table("tools")
    op.drop_table("members")
