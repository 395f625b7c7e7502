"""Lost tools, and what members owe

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TYPE loan_status ADD VALUE 'lost'")
    op.add_column(
        "members", sa.Column("balance", sa.Numeric(8, 2), nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("members", "balance")
    # PostgreSQL cannot take a value out of an enum: swap the type, as Alembic users do.
    op.execute("DELETE FROM loans WHERE status = 'lost'")
    op.drop_index("loans_one_open_per_tool", "loans")
    op.execute("ALTER TABLE loans ALTER COLUMN status DROP DEFAULT")
    op.execute("ALTER TYPE loan_status RENAME TO loan_status_old")
    op.execute("CREATE TYPE loan_status AS ENUM ('open', 'returned')")
    op.execute(
        "ALTER TABLE loans ALTER COLUMN status TYPE loan_status USING status::text::loan_status"
    )
    op.execute("ALTER TABLE loans ALTER COLUMN status SET DEFAULT 'open'")
    op.execute("DROP TYPE loan_status_old")
    op.create_index(
        "loans_one_open_per_tool",
        "loans",
        ["tool_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
